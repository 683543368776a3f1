#include "runtime/cli/doctor/model_fit.h"

#include <array>
#include <cstdio>
#include <utility>

#include "runtime/base/show_bytes.h"

namespace unmask::cli {
namespace {

constexpr kernels::MemoryInfo kEnough{1ull << 50, 1ull << 50};

bool is_gpu(kernels::DeviceKind kind) { return kind == kernels::DeviceKind::kCuda; }

std::string too_few_gpus(int num_devices) {
  if (num_devices == 0) return "this machine has no GPU";
  return "this machine has " + std::to_string(num_devices) + (num_devices == 1 ? " GPU" : " GPUs");
}

/// How worker `rank` holds the model.
Result<network::EngineOptions> options_of(const ServedModel& model, const ClusterConfig& config,
                                          int rank, const DeviceRoom& room,
                                          const kernels::MemoryInfo& memory) {
  const DeviceChoice device{.kind = room.kind,
                            .num_sharing = is_gpu(room.kind) ? 1 : config.cluster.workers};
  return engine_options(model, config, config.worker(0, rank), device, memory);
}

/// The same with K/V of the longest canvas and no more.
Result<network::MemoryPlan> plan_canvas(const ServedModel& model, const ClusterConfig& config,
                                        int rank, const DeviceRoom& room) {
  Result<network::EngineOptions> options = options_of(model, config, rank, room, kEnough);
  if (!options) return options.error();
  const checkpoint::ModelConfig& shape = model.checkpoint.config();
  const Result<network::MemoryPlan> plan = plan_memory(shape, *options);
  if (!plan) return plan.error();
  options->num_kv_pages = cache::pages_needed(plan->max_positions);
  return plan_memory(shape, *options);
}

}  // namespace

Result<ModelFit> fit_model(const ServedModel& model, const ClusterConfig& config, int num_workers,
                           const DeviceRoom& room) {
  ClusterConfig sized = config;
  sized.cluster.workers = num_workers;
  ModelFit fit{.kind = room.kind, .num_workers = num_workers};
  int most = 0;  // the rank that holds most: heads and experts may not be divided evenly
  for (int rank = 0; rank < num_workers; ++rank) {
    const Result<network::MemoryPlan> plan = plan_canvas(model, sized, rank, room);
    if (!plan) return plan.error();
    if (rank > 0 && plan->total_bytes() <= fit.plan.total_bytes()) continue;
    fit.plan = *plan;
    most = rank;
  }
  fit.canvas_bytes = std::exchange(fit.plan.kv_bytes, 0);
  fit.plan.num_kv_pages = 0;
  if (is_gpu(room.kind) && num_workers > room.num_devices) {
    fit.problem = too_few_gpus(room.num_devices);
    return fit;
  }
  const auto options = options_of(model, sized, most, room, room.memory);
  if (!options) {
    fit.problem = options.error().message;
    return fit;
  }
  const Result<network::MemoryPlan> plan = plan_memory(model.checkpoint.config(), *options);
  if (!plan) return plan.error();
  fit.plan = *plan;
  return fit;
}

std::string canvases_text(const network::MemoryPlan& plan) {
  const auto text_of = [&](int length) {
    return std::to_string(plan.num_canvases(length)) + " of " + std::to_string(length);
  };
  std::string text = text_of(plan.max_positions);
  for (int length = plan.max_positions / 4; length >= 128; length /= 4) {
    text += ", " + text_of(length);
  }
  return text;
}

std::string to_text(const std::vector<ModelFit>& fits) {
  constexpr const char* kLine = "%-8s %7s  %11s  %11s  %13s  %11s  %s\n";
  std::string text;
  const auto add = [&](const char* device, const char* workers, const std::string& weights,
                       const std::string& scratch, const std::string& canvas,
                       const std::string& cache, const std::string& rest) {
    std::array<char, 256> line{};
    const int length =
        std::snprintf(line.data(), line.size(), kLine, device, workers, weights.c_str(),
                      scratch.c_str(), canvas.c_str(), cache.c_str(), "");
    text += std::string(line.data(), std::size_t(length) - 1) + rest + "\n";
  };
  add("device", "workers", "weights", "scratch", "KV per canvas", "KV cache", "canvases at once");
  for (const ModelFit& fit : fits) {
    add(is_gpu(fit.kind) ? "GPU" : "CPU", std::to_string(fit.num_workers).c_str(),
        show_bytes(fit.plan.weight_bytes),
        show_bytes(fit.plan.scratch_bytes + fit.plan.library_bytes), show_bytes(fit.canvas_bytes),
        fit.problem.empty() ? show_bytes(fit.plan.kv_bytes) : std::string("-"),
        fit.problem.empty() ? canvases_text(fit.plan) : "does not fit: " + fit.problem);
  }
  return text;
}

}  // namespace unmask::cli
