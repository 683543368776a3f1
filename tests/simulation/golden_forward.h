#pragma once

#include <memory>
#include <string>

#include "actors/coordinator/running_job.h"
#include "tests/golden/worker_group.h"
#include "tests/simulation/group_forward.h"

namespace unmask::simulation {

/// A real model of the golden data, its ranks joined by the in-process collective.
class GoldenForward final : public GroupForward {
 public:
  static constexpr const char* kModel = "moe_gqa";
  static constexpr int kMaxRows = 512;

  /// workers: a group whose caches may be emptied.
  explicit GoldenForward(golden::WorkerGroup& workers) : workers_(workers) { workers_.regroup(); }

  std::vector<Result<StepResult>> run(const std::vector<Step>& steps) override {
    return workers_.run_each(steps);
  }
  [[nodiscard]] int num_open_sequences(int rank) const override {
    return workers_.engine(rank).pages().num_sequences();
  }

 private:
  golden::WorkerGroup& workers_;
};

/// Such a group, loaded from the golden data.
[[nodiscard]] std::unique_ptr<golden::WorkerGroup> load_golden(int num_ranks, int num_kv_pages);

/// What admission has to know of the model.
[[nodiscard]] actors::JobModel golden_for_jobs();

}  // namespace unmask::simulation
