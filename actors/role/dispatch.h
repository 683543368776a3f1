#pragma once

#include <array>
#include <functional>
#include <utility>
#include <variant>

#include "actors/messages.h"
#include "runtime/actor/actor_handle.h"

namespace unmask::actors {

/// Hands what came from another process to the actor that takes it.
///
/// Which types may come from which peers is said here, once per wire: whatever an actor would
/// accept, a client cannot send what only the coordinator may.
class Dispatch {
 public:
  enum class Outcome : std::uint8_t { kTaken, kFull, kUnexpected };

  /// From now on `actor` gets these types of messages.
  template <typename... Messages, typename A>
  void add(const ActorHandle<A>& actor) {
    (add(actor.template lasting_ref<Incoming<Messages>>()), ...);
  }
  template <typename Message>
  void add(ActorRef<Incoming<Message>> receiver) {
    takes_[WireMessage(Message{}).index()] = [receiver = std::move(receiver)](PeerId from,
                                                                              WireMessage message) {
      return receiver.send(Incoming<Message>{from, std::get<Message>(std::move(message))});
    };
  }

  [[nodiscard]] Outcome deliver(PeerId from, WireMessage message) const {
    const Take& take = takes_[message.index()];
    if (!take) return Outcome::kUnexpected;
    return take(from, std::move(message)) ? Outcome::kTaken : Outcome::kFull;
  }

 private:
  using Take = std::function<bool(PeerId, WireMessage)>;

  std::array<Take, std::variant_size_v<WireMessage>> takes_;
};

}  // namespace unmask::actors
