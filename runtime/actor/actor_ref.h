#pragma once

#include <functional>
#include <utility>

#include "runtime/actor/actor_id.h"

namespace unmask {

/// Address of any actor that accepts Message, local or remote. Cheap to copy; any thread may use
/// it.
template <typename Message>
class ActorRef {
 public:
  using Deliver = std::function<bool(Message)>;

  explicit ActorRef(Deliver deliver, ActorId id = {}) : deliver_(std::move(deliver)), id_(id) {}

  /// Posts `message`; never blocks. False if the mailbox is full or closed: the message is then a
  /// dead letter.
  [[nodiscard]] bool send(Message message) const { return deliver_(std::move(message)); }

  /// Whom to watch; nobody if the receiver is not an actor of this process.
  [[nodiscard]] ActorId id() const { return id_; }

 private:
  Deliver deliver_;
  ActorId id_;
};

}  // namespace unmask
