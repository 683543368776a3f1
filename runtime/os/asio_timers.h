#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "runtime/actor/timers.h"
#include "runtime/os/event_loop.h"

namespace unmask {

/// Timers on the machine's steady clock.
///
/// Invariant  the one system timer is armed for the earliest of armed_
class AsioTimers final : public Timers {
 public:
  explicit AsioTimers(EventLoop& loop);
  ~AsioTimers() override;

  TimerId after(Duration delay, std::function<void()> action) override;
  void cancel(TimerId id) override;

 private:
  struct Wait;

  void arm();
  void run_due();

  std::shared_ptr<Wait> wait_;
  std::map<std::pair<Time, TimerId>, std::function<void()>> armed_;
  std::unordered_map<TimerId, Time> due_;  // of every armed timer
  TimerId last_id_ = 0;
};

}  // namespace unmask
