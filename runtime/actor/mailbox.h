#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

#include "runtime/actor/actor_id.h"
#include "runtime/actor/envelope.h"
#include "runtime/actor/timers.h"

namespace unmask {

/// How much other actors may leave in a mailbox before send() is refused.
struct MailboxLimits {
  std::size_t max_messages = 1024;
  std::size_t max_bytes = 16 << 20;  ///< of messages that know their num_bytes()
};

/// Messages from others wait in the user lane, in order of arrival and within limits. What the
/// runtime tells (Down, Stop, due timers) is the system lane: always admitted, because its number
/// is bounded by what the actor asked for. Down and Stop keep their place behind the messages that
/// came first; due timers overtake.
///
/// Thread-safe. Invariant: between a push that returns kWake and the park() that succeeds, exactly
/// one turn is scheduled or running.
class Mailbox {
 public:
  struct UserMessage {
    std::unique_ptr<Envelope> envelope;
    std::size_t num_bytes = 0;
  };
  /// A Down that was queued before unwatch() names a watch that no longer is.
  struct DownNotice {
    std::uint64_t watch = 0;
    Down down;
  };
  struct DueTimer {
    TimerId timer = 0;
  };
  struct Stop {};
  using Item = std::variant<UserMessage, DownNotice, DueTimer, Stop>;

  enum class Pushed : std::uint8_t { kQueued, kWake, kFull, kClosed };

  void set_limits(MailboxLimits limits) { limits_ = limits; }

  /// kWake: the caller must schedule the actor's next turn.
  [[nodiscard]] Pushed push(UserMessage message);
  [[nodiscard]] Pushed push(DownNotice notice);
  [[nodiscard]] Pushed push(DueTimer timer);

  /// Refuses user messages from now on; Stop comes after those that are queued. Once is enough.
  [[nodiscard]] Pushed stop();

  std::optional<Item> pop();

  /// Ends the turn. False if more is waiting: the caller must schedule the next turn.
  bool park();

  /// Refuses everything from now on; returns how many user messages were dropped.
  std::size_t close();

  [[nodiscard]] std::size_t num_waiting() const;

 private:
  Pushed admit(std::deque<Item>& lane, Item item);

  MailboxLimits limits_;  // constant once the actor is constructed

  mutable std::mutex mutex_;  // guards all below
  std::deque<Item> ordered_;  // user messages, Down, Stop
  std::deque<Item> due_;
  std::size_t num_messages_ = 0;  // user messages in ordered_
  std::size_t num_bytes_ = 0;
  bool is_awake_ = false;
  bool is_stopping_ = false;
  bool is_closed_ = false;
};

}  // namespace unmask
