#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/actor/actor_system.h"
#include "runtime/simulation/recorded_metrics.h"
#include "runtime/simulation/simulated_network.h"
#include "runtime/simulation/virtual_timers.h"

namespace unmask {

/// One life of a process in a simulation: its actors and all that they see of the world.
class SimulatedProcess {
 public:
  SimulatedProcess(Address address, EventLoop& loop, VirtualClock& clock, EventQueue& events,
                   Log& log, Rng rng, Supervisor::OnEscalation on_escalation)
      : address_(address),
        clock_(clock),
        log_(log),
        timers_(events),
        rng_(rng),
        system_(std::make_unique<ActorSystem>(loop, env(), std::move(on_escalation))) {}

  [[nodiscard]] Address address() const { return address_; }
  [[nodiscard]] Env env() { return {clock_, timers_, rng_, metrics_, log_}; }
  [[nodiscard]] ActorSystem& system() { return *system_; }
  [[nodiscard]] RecordedMetrics& metrics() { return metrics_; }

  /// No handler runs any more. What others may still refer to stays.
  void end() {
    system_.reset();
    kept_.clear();
    timers_.cancel_all();
  }

  /// Lets `thing` live as long as the process, longer than its actors. Returns it.
  template <typename T>
  T& keep(std::shared_ptr<T> thing) {
    kept_.push_back(thing);
    return *thing;
  }

 private:
  const Address address_;
  VirtualClock& clock_;
  Log& log_;
  VirtualTimers timers_;
  Rng rng_;
  RecordedMetrics metrics_;
  std::vector<std::shared_ptr<void>> kept_;
  std::unique_ptr<ActorSystem> system_;
};

}  // namespace unmask
