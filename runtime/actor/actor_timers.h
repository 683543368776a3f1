#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>

#include "runtime/actor/envelope.h"
#include "runtime/actor/timers.h"

namespace unmask {

/// The timers of one actor: each is a message to itself. What is cancelled is never delivered, also
/// if it is due and waits in the mailbox already.
class ActorTimers {
 public:
  static constexpr std::size_t kMaxTimers = 1024;

  explicit ActorTimers(Timers& timers) : timers_(timers) {}

  /// Calls `on_due(id)` after `delay`; zero if too many are armed.
  TimerId arm(Duration delay, std::unique_ptr<Envelope> message,
              std::function<void(TimerId)> on_due);

  void cancel(TimerId id);
  void cancel_all();

  /// The message of a due timer; nothing if it was cancelled.
  std::unique_ptr<Envelope> take(TimerId id);

 private:
  struct Armed {
    TimerId timer = 0;  // in timers_
    std::unique_ptr<Envelope> message;
  };

  Timers& timers_;
  std::unordered_map<TimerId, Armed> armed_;
  TimerId last_id_ = 0;
};

}  // namespace unmask
