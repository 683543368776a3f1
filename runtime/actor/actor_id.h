#pragma once

#include <compare>
#include <cstdint>

#include "runtime/actor/transport.h"
#include "runtime/base/ids.h"

namespace unmask {

/// One life of one actor of this process. A restarted actor keeps its number and has a larger
/// incarnation, so what was meant for the old one never reaches the new one. Zero names nobody.
struct ActorId {
  std::uint64_t number = 0;
  Incarnation incarnation = 0;

  auto operator<=>(const ActorId&) const = default;
};

/// A watched actor is gone: exactly one per watch(), after everything it sent before.
struct Down {
  ActorId actor;
  DownReason reason = DownReason::kClosed;
};

}  // namespace unmask
