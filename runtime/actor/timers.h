#pragma once

#include <cstdint>
#include <functional>

#include "runtime/actor/clock.h"

namespace unmask {

using Duration = Time::duration;

/// Names one armed timer; never used twice. Zero names none.
using TimerId = std::uint64_t;

/// Calls back later. Control thread only.
///
/// Actors use Actor::after() instead, which delivers a message.
class Timers {
 public:
  virtual ~Timers() = default;

  /// Runs `action` once, on the control thread, when `delay` has passed; never inside this call.
  virtual TimerId after(Duration delay, std::function<void()> action) = 0;

  /// The action of `id` will not run any more; nothing happens if it ran or was cancelled before.
  virtual void cancel(TimerId id) = 0;
};

}  // namespace unmask
