#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "runtime/actor/clock.h"
#include "runtime/actor/timers.h"
#include "runtime/os/event_loop.h"

namespace unmask {

/// Timers of a process, by its clock: where that stands still, nothing comes due.
///
/// Invariant  the one system timer is armed for the earliest of armed_
class AsioTimers final : public Timers {
 public:
  /// By the machine's own clock.
  explicit AsioTimers(EventLoop& loop);
  /// clock: outlives this.
  AsioTimers(EventLoop& loop, const Clock& clock);
  ~AsioTimers() override;

  TimerId after(Duration delay, std::function<void()> action) override;
  void cancel(TimerId id) override;

 private:
  struct Wait;

  void arm();
  void run_due();

  const SteadyClock machine_;
  const Clock& clock_;
  std::shared_ptr<Wait> wait_;
  std::map<std::pair<Time, TimerId>, std::function<void()>> armed_;
  std::unordered_map<TimerId, Time> due_;  // of every armed timer
  TimerId last_id_ = 0;
};

}  // namespace unmask
