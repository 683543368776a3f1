#include "runtime/os/awake_clock.h"

#include <utility>

namespace unmask {

Time AwakeClock::now() const {
  const std::scoped_lock lock(mutex_);
  const Time now = machine_.now();
  const Duration gap = now - std::exchange(last_, now);
  if (gap > kLongestGap) stalled_ += gap;
  return now - stalled_;
}

Duration AwakeClock::beat() const {
  (void)now();
  const std::scoped_lock lock(mutex_);
  return stalled_;
}

}  // namespace unmask
