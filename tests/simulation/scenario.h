#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/coordinator/running_job.h"
#include "actors/messages.h"
#include "runtime/simulation/simulated_network.h"

namespace unmask::simulation {

/// One job of a scenario, and what its client does with it.
struct JobPlan {
  JobId id;
  actors::TokenInput input;
  std::vector<actors::Parameter> parameters;
  int client = 0;
  Duration arrival{};
  std::optional<Duration> cancel;  ///< after its arrival
};

/// Something that goes wrong, once.
struct Fault {
  enum class Kind : std::uint8_t {
    kCutClient,           ///< a client loses its connection and comes back
    kCutGateway,          ///< the gateway loses the coordinator and comes back
    kRestartGateway,      ///< its process is killed; the next one knows nothing
    kRestartCoordinator,  ///< with all its jobs, which only the gateway remembers
    kPartition,           ///< one worker cannot be reached for a while
    kCutWorker,           ///< one worker loses the coordinator
    kKillWorker,
    kStallDevice,  ///< one device does not answer for a while
  };

  Kind kind = Kind::kCutClient;
  Duration at{};
  int target = 0;       ///< of the workers or clients
  Duration duration{};  ///< of a partition or stall; until a killed process is back
};

/// All that a seed decides. The same seed is the same scenario.
struct Scenario {
  static constexpr int kNumJobs = 20;
  static constexpr int kNumClients = 3;
  static constexpr int kNumSoftRows = 128;  ///< of a worker: few smoothed jobs run at once

  std::uint64_t seed = 0;
  bool is_golden = false;  ///< a real model instead of a hash
  bool is_deadly = false;  ///< its faults end workers
  actors::JobModel model;
  int num_replicas = 1;
  int group_size = 4;
  actors::Capacity capacity;
  std::size_t max_running = 8;
  std::int32_t burst = 1;  ///< forwards that workers may make without being asked
  NetworkOptions network;
  Duration forward{};  ///< mean device time of a step
  std::vector<JobPlan> jobs;
  std::vector<Fault> faults;

  [[nodiscard]] int num_workers() const { return num_replicas * group_size; }
};

[[nodiscard]] Scenario scenario_of(std::uint64_t seed);

}  // namespace unmask::simulation
