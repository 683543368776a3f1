#include "runtime/simulation/virtual_timers.h"

#include <memory>
#include <utility>

namespace unmask {

TimerId VirtualTimers::after(Duration delay, std::function<void()> action) {
  const auto id = std::make_shared<TimerId>(0);
  *id = events_.after(delay, [this, id, run = std::move(action)] {
    armed_.erase(*id);
    run();
  });
  armed_.insert(*id);
  return *id;
}

void VirtualTimers::cancel(TimerId id) {
  if (armed_.erase(id) > 0) events_.cancel(id);
}

void VirtualTimers::cancel_all() {
  for (const TimerId id : std::exchange(armed_, {})) events_.cancel(id);
}

}  // namespace unmask
