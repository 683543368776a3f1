#include "runtime/cli/process/memory_report.h"

#include "model/network/memory_plan.h"
#include "runtime/base/show_bytes.h"

namespace unmask::cli {

namespace {

/// A GPU is not touched for a plan: what its other users hold is seen when the worker starts.
kernels::MemoryInfo memory_of(const DeviceChoice& device, const kernels::Gpus& gpus) {
  if (device.kind == kernels::DeviceKind::kCpu) return kernels::host_memory();
  const std::uint64_t bytes = gpus.all[std::size_t(device.gpu)].total_bytes;
  return {.total_bytes = bytes, .free_bytes = bytes};
}

/// Why `auto` did not take a GPU that is there, or that the other workers have others.
std::string devices_note(const ClusterConfig& config, const DeviceChoice& device,
                         const kernels::Gpus& gpus) {
  const std::int32_t num_workers = config.cluster.replicas * config.cluster.workers;
  const bool is_cuda = device.kind == kernels::DeviceKind::kCuda;
  if (is_cuda && num_workers > 1)
    return device.num_sharing > 1 ? ", shared" : ", the others on the next ones";
  if (is_cuda || config.compute.device != "auto" || !gpus.is_built_in) return "";
  if (!gpus.problem.empty()) return ": " + gpus.problem;
  return ": there are fewer GPUs than workers; --share-gpus lets workers share one";
}

}  // namespace

Result<std::vector<std::string>> memory_report(const ServedModel& model,
                                               const ClusterConfig& config) {
  const WorkerConfig worker = config.worker(0, 0);
  const kernels::Gpus gpus = kernels::find_gpus();
  const Result<DeviceChoice> device = choose_device(config, worker, gpus);
  if (!device) return device.error();
  const Result<network::EngineOptions> options =
      engine_options(model, config, worker, *device, memory_of(*device, gpus));
  if (!options) return options.error();
  const Result<network::MemoryPlan> plan = plan_memory(model.checkpoint.config(), *options);
  if (!plan) return plan.error();

  std::string fit;
  for (int length = 128; length < plan->max_positions; length *= 4) {
    fit += std::to_string(plan->num_canvases(length)) + " of " + std::to_string(length) + ", ";
  }
  fit += std::to_string(plan->num_canvases(plan->max_positions)) + " of " +
         std::to_string(plan->max_positions);
  const std::string libraries =
      plan->library_bytes == 0
          ? ""
          : ", and " + show_bytes(plan->library_bytes) + " for CUDA graphs and NCCL";
  std::vector<std::string> lines{
      "computes on " + describe(*device, gpus, worker) + devices_note(config, *device, gpus),
      "weights  " + show_bytes(plan->weight_bytes) + " per worker (" + model.arithmetic() + ")",
      "KV cache " + show_bytes(plan->kv_bytes) +
          " per worker: " + std::to_string(plan->num_kv_pages) + " pages of " +
          std::to_string(cache::kPagePositions) + " positions in " + name_of(options->kv_dtype)};
  if (plan->num_soft_rows > 0) {
    lines.push_back("smoothed " + show_bytes(plan->soft_bytes) + " per worker: soft rows of " +
                    std::to_string(plan->num_soft_rows) + " positions");
  }
  lines.push_back("scratch  " + show_bytes(plan->scratch_bytes) + " per worker, for a step of " +
                  std::to_string(options->max_rows) + " rows" + libraries);
  lines.push_back("in all   " + show_bytes(plan->total_bytes()) + " per worker");
  lines.push_back("fits     " + fit + " positions at once, per replica");
  return lines;
}

}  // namespace unmask::cli
