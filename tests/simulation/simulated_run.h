#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/checks.h"
#include "tests/simulation/golden_forward.h"
#include "tests/simulation/simulated_cluster.h"

namespace unmask::simulation {

/// What a seed did and what is wrong with it.
struct SimulatedRun {
  Scenario scenario;
  History history;
  std::vector<std::string> violations;
};

/// Runs seeds; the real models that some of them need are loaded once.
class Simulator {
 public:
  [[nodiscard]] SimulatedRun run(std::uint64_t seed, Sabotage sabotage = {});

 private:
  static constexpr int kGoldenPages = 64;  // at least as many as any scenario tells of

  [[nodiscard]] golden::WorkerGroup& golden_workers(int replica, int size);
  [[nodiscard]] GroupDevices::MakeForward forwards(const Scenario& scenario);
  [[nodiscard]] ForwardAlone golden_alone();

  std::map<std::pair<int, int>, std::unique_ptr<golden::WorkerGroup>> golden_;  // replica, size
};

}  // namespace unmask::simulation
