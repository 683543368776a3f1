#pragma once

#include <memory>
#include <utility>

#include "runtime/actor/actor.h"
#include "runtime/actor/actor_slot.h"

namespace unmask {

/// What spawn() returns: the place of an actor over all its lives. Cheap to copy.
template <typename A>
class ActorHandle {
 public:
  explicit ActorHandle(std::shared_ptr<ActorSlot> slot) : slot_(std::move(slot)) {}

  /// Of the present life.
  [[nodiscard]] ActorId id() const { return slot_->current()->id(); }
  [[nodiscard]] bool is_alive() const { return slot_->current()->is_alive(); }

  /// To the present life only: what is sent after its end is a dead letter, also once the actor was
  /// restarted.
  template <typename Message>
  [[nodiscard]] ActorRef<Message> ref() const {
    static_assert(A::template kAccepts<Message>, "the actor does not list this message");
    return ref_to<A, Message>(slot_->current());
  }

  /// To whichever life is present when a message is sent.
  template <typename Message>
  [[nodiscard]] ActorRef<Message> lasting_ref() const {
    static_assert(A::template kAccepts<Message>, "the actor does not list this message");
    const auto deliver = [slot = slot_](Message message) {
      return ref_to<A, Message>(slot->current()).send(std::move(message));
    };
    return ActorRef<Message>(deliver, id());
  }

  /// It takes no message any more, handles those that wait, and ends for good.
  void stop() {
    slot_->is_wanted = false;
    slot_->current()->stop();
  }

 private:
  std::shared_ptr<ActorSlot> slot_;
};

}  // namespace unmask
