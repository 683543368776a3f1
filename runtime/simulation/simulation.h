#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/os/event_loop.h"
#include "runtime/simulation/simulated_network.h"
#include "runtime/simulation/simulated_process.h"
#include "runtime/simulation/trace.h"

namespace unmask {

/// A whole cluster in one thread, in virtual time, from a seed: the same seed is the same run.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, NetworkOptions network = {});
  ~Simulation();

  /// Starts a process, or starts it again after it ended. It lives until kill() or exit().
  SimulatedProcess& start(Address address);
  [[nodiscard]] SimulatedProcess& process(Address address) { return *processes_.at(address); }
  [[nodiscard]] bool is_running(Address address) const { return processes_.contains(address); }

  /// SIGKILL: not one more handler of it runs. Between two events only.
  void kill(Address address);

  /// The process ends itself, as soon as the present event is over; it may ask for this from its
  /// own handlers.
  void exit(Address address, const std::string& why);

  /// Called after a process has ended by exit() or by escalation.
  void set_on_exit(std::function<void(Address, const std::string& why)> on_exit) {
    on_exit_ = std::move(on_exit);
  }

  /// What the scenario does, between two events.
  void after(Duration delay, std::function<void()> action) {
    events_.after(delay, std::move(action));
  }

  /// Runs the next event, then all actors until they are quiet. False if there is none.
  bool step();

  /// Steps until `is_done` or `limit` of virtual time has passed; false in the second case.
  bool run_until(const std::function<bool()>& is_done, Duration limit);
  void run_for(Duration duration);

  [[nodiscard]] SimulatedNetwork& network() { return network_; }
  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] Clock& clock() { return clock_; }
  [[nodiscard]] Rng& rng() { return rng_; }
  [[nodiscard]] std::uint64_t num_events() const { return events_.num_run(); }

  /// Stands for everything that happened so far.
  [[nodiscard]] std::uint64_t trace() const { return trace_.value(); }

 private:
  bool run_next();

  const std::uint64_t seed_;
  std::uint64_t last_stream_ = 0;
  VirtualClock clock_;
  EventQueue events_;
  Trace trace_;
  NullLog log_;
  Rng rng_;  // of the scenario
  SimulatedNetwork network_;
  EventLoop loop_;
  std::map<Address, std::unique_ptr<SimulatedProcess>> processes_;
  std::vector<std::unique_ptr<SimulatedProcess>> ended_;  // somebody may still have refs to them
  std::function<void(Address, const std::string& why)> on_exit_;
};

}  // namespace unmask
