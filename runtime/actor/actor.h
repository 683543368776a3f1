/// Actors: private state, one bounded mailbox, one message at a time.

#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "runtime/actor/actor_context.h"
#include "runtime/actor/actor_ref.h"
#include "runtime/actor/envelope.h"
#include "runtime/actor/task.h"

namespace unmask {

/// A ref to the life of an actor that `context` is.
template <typename Receiver, typename Message>
ActorRef<Message> ref_to(const std::shared_ptr<ActorContext>& context) {
  const auto deliver = [context](Message message) {
    std::size_t num_bytes = sizeof(Message);
    if constexpr (requires { message.num_bytes(); }) num_bytes = message.num_bytes();
    return context->deliver(seal<Receiver>(std::move(message)), num_bytes);
  };
  return ActorRef<Message>(deliver, context->id());
}

/// Base of every actor. `Derived` has one `on(Message)` for each of `Messages`: void, or Task<>
/// when the handler must wait. An exception that leaves a handler ends this life of the actor; its
/// supervisor starts the next, and the message is not handled again.
///
/// The protected verbs are for the handlers: control thread only.
template <typename Derived, typename... Messages>
class Actor : public AnyActor {
 public:
  template <typename Message>
  static constexpr bool kAccepts = (std::is_same_v<Message, Messages> || ...);

  explicit Actor(ActorContext& context, MailboxLimits limits = {}) : context_(context) {
    context.limit_mailbox(limits);
  }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  template <typename Message>
  [[nodiscard]] ActorRef<Message> ref() const {
    static_assert(kAccepts<Message>, "the actor does not list this message");
    return ref_to<Derived, Message>(context_.shared_from_this());
  }

  [[nodiscard]] ActorId id() const { return context_.id(); }

 protected:
  /// Sends `message` to this actor when `delay` has passed. Zero, and a dead letter, if 1,024
  /// timers are armed already.
  template <typename Message>
  TimerId after(Duration delay, Message message) {
    static_assert(kAccepts<Message>, "the actor does not list this message");
    return context_.after(delay, seal<Derived>(std::move(message)));
  }

  /// The timer's message will not be delivered any more, not even if it is in the mailbox already.
  void cancel(TimerId timer) { context_.cancel(timer); }

  /// Down{target} will come exactly once, also if it is gone already; needs on(Down). False if 256
  /// are watched already.
  [[nodiscard]] bool watch(ActorId target) { return context_.watch(target, &seal<Derived, Down>); }

  /// No Down{target} comes any more.
  void unwatch(ActorId target) { context_.unwatch(target); }

  /// Takes no message any more, handles those that wait, then ends.
  void stop() { context_.stop(); }

 private:
  ActorContext& context_;
};

}  // namespace unmask
