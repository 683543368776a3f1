#include "tests/simulation/simulated_run.h"

#include <utility>

#include "tests/simulation/hash_forward.h"
#include "tests/simulation/hash_model.h"

namespace unmask::simulation {
namespace {

constexpr int kAlone = -1;  // in place of a replica

}  // namespace

SimulatedRun Simulator::run(std::uint64_t seed, Sabotage sabotage) {
  SimulatedRun run;
  run.scenario = scenario_of(seed);
  const bool is_golden = run.scenario.is_golden;
  const actors::JobModel& model = run.scenario.model;
  std::vector<ExpectedAnswer> expected;
  for (const JobPlan& job : run.scenario.jobs) {
    expected.push_back(expect_answer(job, model, is_golden ? golden_alone() : hash_alone()));
  }
  SimulatedCluster cluster(run.scenario, model, forwards(run.scenario), std::move(sabotage));
  run.history = cluster.run();
  run.violations = violations(run.scenario, run.history, expected);
  return run;
}

GroupDevices::MakeForward Simulator::forwards(const Scenario& scenario) {
  if (scenario.is_golden) {
    return [this](int replica, int size) -> std::unique_ptr<GroupForward> {
      return std::make_unique<GoldenForward>(golden_workers(replica, size));
    };
  }
  const network::StepLimits limits{HashModel::kVocabulary, scenario.capacity.max_positions,
                                   scenario.capacity.max_rows_per_step};
  const int num_pages = int(scenario.capacity.num_kv_pages);
  return [limits, num_pages](int /*replica*/, int size) -> std::unique_ptr<GroupForward> {
    return std::make_unique<HashForward>(size, num_pages, Scenario::kNumSoftRows, limits);
  };
}

golden::WorkerGroup& Simulator::golden_workers(int replica, int size) {
  std::unique_ptr<golden::WorkerGroup>& workers = golden_[{replica, size}];
  if (!workers) workers = load_golden(size, kGoldenPages);
  return *workers;
}

ForwardAlone Simulator::golden_alone() {
  golden::WorkerGroup& workers = golden_workers(kAlone, 1);
  workers.regroup();
  return [&workers](const SequenceStep& sequence) {
    Step step;
    step.sequences = {sequence};
    return std::move(workers.run(step).sequences.front().candidates);
  };
}

}  // namespace unmask::simulation
