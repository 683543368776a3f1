#include "runtime/simulation/simulation.h"

#include <utility>

#include "runtime/base/check.h"

namespace unmask {

Simulation::Simulation(std::uint64_t seed, NetworkOptions network)
    : seed_(seed),
      events_(clock_, seed),
      rng_(seed, ++last_stream_),
      network_(events_, trace_, Rng(seed, ++last_stream_), network) {}

Simulation::~Simulation() {
  while (!processes_.empty()) kill(processes_.begin()->first);
  loop_.poll();  // what was posted for actors that are no more
}

SimulatedProcess& Simulation::start(Address address) {
  UNMASK_CHECK(!is_running(address));
  auto& process = processes_[address];
  process = std::make_unique<SimulatedProcess>(
      address, loop_, clock_, events_, log_, Rng(seed_, ++last_stream_),
      [this, address](const std::string& why) { exit(address, why); });
  return *process;
}

void Simulation::kill(Address address) {
  network_.kill(address);
  auto node = processes_.extract(address);
  if (node.empty()) return;
  node.mapped()->end();
  ended_.push_back(std::move(node.mapped()));
}

void Simulation::exit(Address address, const std::string& why) {
  const auto present = processes_.find(address);
  if (present == processes_.end()) return;
  events_.after(Duration::zero(), [this, address, life = present->second.get(), why] {
    const auto it = processes_.find(address);
    if (it == processes_.end() || it->second.get() != life) return;  // killed meanwhile
    kill(address);
    if (on_exit_) on_exit_(address, why);
  });
}

bool Simulation::step() {
  loop_.poll();
  return run_next();
}

bool Simulation::run_next() {
  if (!events_.run_next()) return false;
  trace_.add(std::uint64_t(clock_.now().time_since_epoch().count()));
  loop_.poll();
  return true;
}

bool Simulation::run_until(const std::function<bool()>& is_done, Duration limit) {
  const Time end = clock_.now() + limit;
  loop_.poll();
  while (!is_done()) {
    if (events_.next_time() > end) {
      clock_.advance(end - clock_.now());
      return false;
    }
    run_next();
  }
  return true;
}

void Simulation::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

}  // namespace unmask
