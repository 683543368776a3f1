#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/actor/task.h"

namespace unmask {

/// Any actor, to the runtime.
class AnyActor {
 public:
  virtual ~AnyActor() = default;
};

/// One message in a mailbox, and the knowledge which handler takes it.
class Envelope {
 public:
  virtual ~Envelope() = default;

  /// Calls the handler. If it is one that waits, what is left of it is returned, not yet started.
  virtual std::optional<Task<>> open(AnyActor& actor) = 0;
};

template <typename Receiver, typename Message>
class MessageEnvelope final : public Envelope {
 public:
  explicit MessageEnvelope(Message message) : message_(std::move(message)) {}

  std::optional<Task<>> open(AnyActor& actor) override {
    auto& receiver = static_cast<Receiver&>(actor);
    if constexpr (std::is_void_v<decltype(receiver.on(std::move(message_)))>) {
      receiver.on(std::move(message_));
      return std::nullopt;
    } else {
      return receiver.on(std::move(message_));
    }
  }

 private:
  Message message_;
};

template <typename Receiver, typename Message>
std::unique_ptr<Envelope> seal(Message message) {
  return std::make_unique<MessageEnvelope<Receiver, Message>>(std::move(message));
}

}  // namespace unmask
