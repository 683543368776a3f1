#include "runtime/cli/process/memory_report.h"

#include "model/network/memory_plan.h"
#include "runtime/base/show_bytes.h"

namespace unmask::cli {

Result<std::vector<std::string>> memory_report(const ServedModel& model,
                                               const ClusterConfig& config) {
  const Result<network::EngineOptions> options =
      engine_options(model, config, config.worker(0, 0), kernels::host_memory().free_bytes);
  if (!options) return options.error();
  const Result<network::MemoryPlan> plan = plan_memory(model.checkpoint.config(), *options);
  if (!plan) return plan.error();

  std::string fit;
  for (int length = 128; length < plan->max_positions; length *= 4) {
    fit += std::to_string(plan->num_canvases(length)) + " of " + std::to_string(length) + ", ";
  }
  fit += std::to_string(plan->num_canvases(plan->max_positions)) + " of " +
         std::to_string(plan->max_positions);
  return std::vector<std::string>{
      "weights  " + show_bytes(plan->weight_bytes) + " per worker (" + model.arithmetic() + ")",
      "KV cache " + show_bytes(plan->kv_bytes) +
          " per worker: " + std::to_string(plan->num_kv_pages) + " pages of " +
          std::to_string(cache::kPagePositions) + " positions",
      "scratch  " + show_bytes(plan->scratch_bytes) + " per worker, for a step of " +
          std::to_string(options->max_rows) + " rows",
      "in all   " + show_bytes(plan->total_bytes()) + " per worker",
      "fits     " + fit + " positions at once, per replica"};
}

}  // namespace unmask::cli
