#include "tests/simulation/golden_forward.h"

#include "tests/golden/golden_files.h"
#include "tests/simulation/scenario.h"

namespace unmask::simulation {

std::unique_ptr<golden::WorkerGroup> load_golden(int num_ranks, int num_kv_pages) {
  network::EngineOptions options;
  options.max_rows = GoldenForward::kMaxRows;
  options.num_kv_pages = num_kv_pages;
  options.num_soft_rows = Scenario::kNumSoftRows;
  return std::make_unique<golden::WorkerGroup>(
      golden::golden_dir() / "models" / GoldenForward::kModel, num_ranks, options);
}

actors::JobModel golden_for_jobs() {
  constexpr std::int32_t kTokenizerEnd = 512, kEmbeddings = 520;
  constexpr std::int32_t kMaxPositions = 256;
  return {
      {.mask_id = 511, .eos_id = 508, .choosable_end = kTokenizerEnd}, kEmbeddings, kMaxPositions};
}

}  // namespace unmask::simulation
