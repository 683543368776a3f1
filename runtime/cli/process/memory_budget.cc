#include "runtime/cli/process/memory_budget.h"

#include <algorithm>
#include <string>

#include "model/network/memory_plan.h"
#include "runtime/base/show_bytes.h"

namespace unmask::cli {
namespace {

constexpr std::uint64_t kMinKvMemory = 64ull << 20;  // by default, bytes per worker
constexpr std::uint64_t kMaxKvMemory = 64ull << 30;
constexpr std::int64_t kFullHouse = 64;  // canvases as long as the model allows, by default
constexpr int kShortCanvas = 256;        // positions; what a cache must at least hold

}  // namespace

std::uint64_t gpu_room(const kernels::MemoryInfo& memory, double part, int num_sharing) {
  const auto of_workers = std::uint64_t(double(memory.total_bytes) * part);
  const std::uint64_t kept = memory.total_bytes - std::min(of_workers, memory.total_bytes);
  const std::uint64_t left = memory.free_bytes > kept ? memory.free_bytes - kept : 0;
  return std::max<std::uint64_t>(std::min(left, of_workers / std::uint64_t(num_sharing)), 1);
}

Result<int> choose_kv_pages(const checkpoint::ModelConfig& model, network::EngineOptions options,
                            const MemoryBudget& budget) {
  options.num_kv_pages = 1;
  const Result<network::MemoryPlan> one = plan_memory(model, options);
  if (!one) return one.error();
  const std::uint64_t page_bytes = std::max<std::uint64_t>(one->kv_bytes, 1);
  const std::uint64_t fixed =
      one->weight_bytes + one->soft_bytes + one->scratch_bytes + one->library_bytes;
  const bool is_known = budget.free_bytes > 0;
  const std::uint64_t left =
      budget.free_bytes > fixed ? budget.free_bytes - fixed : std::uint64_t{0};

  std::uint64_t wanted = budget.kv_memory;
  if (wanted == 0) {
    wanted = is_known ? std::clamp(std::uint64_t(double(left) * budget.kv_part), kMinKvMemory,
                                   kMaxKvMemory)
                      : kMinKvMemory;
    const auto num_canvases =
        std::uint64_t(std::clamp<std::int64_t>(budget.max_running, 1, kFullHouse));
    const auto canvas_pages = std::uint64_t(cache::pages_needed(one->max_positions));
    wanted = std::min(wanted, num_canvases * canvas_pages * page_bytes);
  }
  if (is_known && fixed + wanted > budget.free_bytes) {
    return invalid("a worker needs " + show_bytes(fixed + wanted) + " (weights " +
                   show_bytes(one->weight_bytes) + ", KV cache " + show_bytes(wanted) +
                   ", scratch " + show_bytes(fixed - one->weight_bytes) + "), and " +
                   show_bytes(budget.free_bytes) + " are free for it: " +
                   (left > 0 ? "give at most --kv-memory " + std::to_string(left >> 20) + "MiB, "
                             : std::string()) +
                   "have more --workers on other hosts, or keep the weights as --dtype bf16");
  }
  const auto least_pages =
      std::uint64_t(cache::pages_needed(std::min(one->max_positions, kShortCanvas)));
  if (wanted < least_pages * page_bytes) {
    return invalid("a KV cache of " + show_bytes(wanted) + " holds " +
                   std::to_string(wanted / page_bytes * cache::kPagePositions) +
                   " positions: give at least --kv-memory " + show_bytes(least_pages * page_bytes) +
                   "; a canvas of " + std::to_string(one->max_positions) + " positions takes " +
                   show_bytes(std::uint64_t(cache::pages_needed(one->max_positions)) * page_bytes));
  }
  const std::uint64_t most_pages = std::uint64_t(INT32_MAX) / cache::kPagePositions / 2;
  return int(std::min(wanted / page_bytes, most_pages));
}

}  // namespace unmask::cli
