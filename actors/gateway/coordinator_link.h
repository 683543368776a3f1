#pragma once

#include <optional>
#include <utility>

#include "actors/messages.h"
#include "runtime/actor/actor_ref.h"

namespace unmask::actors {

/// The gateway's way to the coordinator, while there is one.
class CoordinatorLink {
 public:
  explicit CoordinatorLink(ActorRef<Outgoing> wire) : wire_(std::move(wire)) {}

  void up(PeerId coordinator) { coordinator_ = coordinator; }
  void down() { coordinator_.reset(); }
  [[nodiscard]] bool is_up() const { return coordinator_.has_value(); }
  [[nodiscard]] bool is_to(PeerId peer) const { return coordinator_ == peer; }

  /// False if it is not up, or too much waits already.
  [[nodiscard]] bool send(WireMessage message) const {
    return coordinator_ && wire_.send(Outgoing{*coordinator_, std::move(message)});
  }
  /// Why send() was false.
  [[nodiscard]] Error send_error() const {
    if (coordinator_) {
      return {ErrorCode::kOverloaded, "the coordinator's queue is full; try again later"};
    }
    return {ErrorCode::kUnavailable, "the coordinator cannot be reached; try again"};
  }

 private:
  const ActorRef<Outgoing> wire_;
  std::optional<PeerId> coordinator_;
};

}  // namespace unmask::actors
