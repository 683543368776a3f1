#pragma once

#include <array>
#include <string>

#include "runtime/actor/timers.h"
#include "runtime/base/metrics.h"

namespace unmask {

/// What a mailbox and its actor tell the metrics. `actor_type` is the name it was spawned under.
class ActorProbe {
 public:
  ActorProbe(Metrics& metrics, const std::string& actor_type)
      : depth_(metrics.gauge("unmask_actor_mailbox_depth", "Messages waiting in a mailbox.",
                             {{"actor_type", actor_type}})),
        seconds_(metrics.histogram("unmask_actor_handle_seconds",
                                   "Time from taking a message to the end of its handler.",
                                   kSeconds, {{"actor_type", actor_type}})),
        handled_(metrics.counter("unmask_actor_messages_total", "Messages handled.",
                                 {{"actor_type", actor_type}})) {}

  void waiting(std::size_t num_messages) { depth_.set(double(num_messages)); }
  void handled(Duration duration) {
    handled_.add();
    seconds_.observe(std::chrono::duration<double>(duration).count());
  }

 private:
  static constexpr std::array kSeconds{1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0};

  Gauge& depth_;
  Histogram& seconds_;
  Counter& handled_;
};

}  // namespace unmask
