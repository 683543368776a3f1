#pragma once

#include <mutex>

#include "runtime/actor/clock.h"
#include "runtime/actor/timers.h"

namespace unmask {

/// A clock that stands still while its process does: stopped, suspended, or starved of the
/// processor. Whoever judges others by it does not hold its own absence against them.
///
/// A stall is a gap between two looks at the clock: the owner calls beat() every kBeat while the
/// process runs. Any thread may ask.
class AwakeClock final : public Clock {
 public:
  static constexpr std::chrono::milliseconds kBeat{100};
  static constexpr std::chrono::milliseconds kLongestGap{500};  ///< beyond this it was a stall

  /// machine: outlives this.
  explicit AwakeClock(const Clock& machine) : machine_(machine), last_(machine.now()) {}

  [[nodiscard]] Time now() const override;
  [[nodiscard]] std::chrono::nanoseconds unix_time() const override { return machine_.unix_time(); }

  /// Returns all stalls so far.
  Duration beat() const;

 private:
  const Clock& machine_;
  mutable std::mutex mutex_;
  mutable Time last_;  // of the machine's, when somebody looked
  mutable Duration stalled_{0};
};

}  // namespace unmask
