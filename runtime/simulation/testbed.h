#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/actor/actor_ref.h"
#include "runtime/actor/actor_system.h"
#include "runtime/simulation/event_queue.h"
#include "runtime/simulation/recorded_metrics.h"
#include "runtime/simulation/virtual_clock.h"
#include "runtime/simulation/virtual_timers.h"

namespace unmask {

/// Stands for the receiver of an actor's messages and keeps them.
template <typename Message>
struct Probe {
  /// Valid as long as the probe.
  [[nodiscard]] ActorRef<Message> ref() {
    return ActorRef<Message>([this](Message message) {
      if (is_full) return false;
      received.push_back(std::move(message));
      return true;
    });
  }

  std::vector<Message> received;
  bool is_full = false;
};

/// One process in virtual time, for tests of actors.
class Testbed {
 public:
  explicit Testbed(std::uint64_t seed = 1) : events_(clock_, seed), rng_(seed) {}

  [[nodiscard]] Env env() { return {clock_, timers_, rng_, metrics_, log_}; }
  [[nodiscard]] ActorSystem& system() { return system_; }
  [[nodiscard]] RecordedMetrics& metrics() { return metrics_; }
  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] Time now() const { return clock_.now(); }

  /// Why the system escalated; empty if it did not.
  [[nodiscard]] const std::string& escalation() const { return escalation_; }

  /// Runs every actor until all mailboxes are empty.
  void settle() { loop_.poll(); }

  /// Lets `duration` pass: runs the timers that come due, in order, and every actor after each.
  void advance(Duration duration) {
    const Time end = clock_.now() + duration;
    settle();
    while (events_.next_time() <= end) {
      events_.run_next();
      settle();
    }
    clock_.advance(end - clock_.now());
  }

 private:
  VirtualClock clock_;
  EventQueue events_;
  VirtualTimers timers_{events_};
  Rng rng_;
  RecordedMetrics metrics_;
  NullLog log_;
  std::string escalation_;
  EventLoop loop_;
  ActorSystem system_{loop_, env(), [this](const std::string& why) { escalation_ = why; }};
};

}  // namespace unmask
