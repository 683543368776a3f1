#pragma once

#include <chrono>
#include <memory>

#include "model/collective.h"
#include "rpc/collective/mesh_place.h"

namespace unmask::rpc {

struct GlooOptions {
  MeshPlace place{};                          ///< where this rank listens for the others
  std::chrono::milliseconds timeout{60'000};  ///< a rank that says nothing for so long is gone
};

/// Collectives over TCP, for ranks without a GPU, with Gloo's transport.
///
/// SIGPIPE is ignored from then on: libgloo writes to connections that may be closed.
std::unique_ptr<CollectiveFactory> make_gloo_collectives(GlooOptions options);

}  // namespace unmask::rpc
