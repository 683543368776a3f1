#pragma once

#include <gloo/transport/tcp/pair.h>

#include <chrono>

#include "runtime/base/descriptor.h"

namespace unmask::rpc {

/// Gloo's end of a connection that somebody else made, in Gloo's synchronous mode: the thread that
/// calls reads and writes, so that whatever the other end sends fails that call and nothing else.
///
/// Gloo's own way to connect takes the first who comes for the other rank, and its own thread ends
/// the process when that one sends garbage.
class GlooPair final : public gloo::transport::tcp::Pair {
 public:
  /// `timeout`: of one read or write. Gloo's exceptions.
  GlooPair(gloo::transport::tcp::Context& context, gloo::transport::tcp::Device& device, int rank,
           std::chrono::milliseconds timeout, Descriptor socket);

  /// Nothing is ever read for it: the listener that every pair of Gloo begins with lives no longer
  /// than the constructor.
  void handleEvents(int /*events*/) override {}
};

}  // namespace unmask::rpc
