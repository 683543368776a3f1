#pragma once

#include "runtime/actor/clock.h"
#include "runtime/actor/timers.h"
#include "runtime/base/metrics.h"
#include "runtime/base/rng.h"
#include "runtime/os/log.h"

namespace unmask {

/// Everything an actor may know of the world outside its mailbox. What only one of them needs (a
/// transport, a device, a journal) is an argument of its constructor.
///
/// `main` wires the real ones, a simulation virtual ones (runtime/simulation/).
/// Owns nothing; what it refers to outlives every actor and every ActorRef.
struct Env {
  Clock& clock;
  Timers& timers;
  Rng& rng;
  Metrics& metrics;
  Log& log;
};

}  // namespace unmask
