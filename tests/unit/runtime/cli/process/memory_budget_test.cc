#include "runtime/cli/process/memory_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/checkpoint/checkpoint.h"
#include "model/network/memory_plan.h"
#include "tests/source_dir.h"

namespace unmask::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class MemoryBudgetTest : public testing::Test {
 protected:
  [[nodiscard]] Result<int> pages(const MemoryBudget& budget) const {
    return choose_kv_pages(checkpoint.config(), options, budget);
  }
  /// Weights and scratch.
  [[nodiscard]] std::uint64_t fixed_bytes() const {
    const network::MemoryPlan plan = *plan_memory(checkpoint.config(), options);
    return plan.weight_bytes + plan.scratch_bytes;
  }
  [[nodiscard]] std::uint64_t page_bytes() const {
    network::EngineOptions one = options;
    one.num_kv_pages = 1;
    return plan_memory(checkpoint.config(), one)->kv_bytes;
  }

  const checkpoint::Checkpoint checkpoint =
      *checkpoint::Checkpoint::open(source_dir() / "model/zoo/unmask-tiny");  // 512 positions
  network::EngineOptions options;
};

TEST_F(MemoryBudgetTest, ByDefaultAFullBatchFitsAndNoMore) {
  EXPECT_EQ(*pages({.free_bytes = 64ull << 30, .max_running = 256}), 64 * 32);
  EXPECT_EQ(*pages({.free_bytes = 64ull << 30, .max_running = 1}), 32) << "one job, one canvas";
  EXPECT_EQ(*pages({.max_running = 1}), 32);
}

TEST_F(MemoryBudgetTest, ByDefaultHalfOfWhatTheWeightsLeaveIsTaken) {
  options.dtype = kernels::DType::kF32;
  const std::uint64_t free = fixed_bytes() + (300ull << 20);
  EXPECT_EQ(std::uint64_t(*pages({.free_bytes = free, .max_running = 256})),
            (150ull << 20) / page_bytes());
}

TEST_F(MemoryBudgetTest, MoreThanIsFreeIsRefusedWithTheFigures) {
  const auto refused =
      pages({.kv_memory = 1ull << 40, .free_bytes = fixed_bytes() + (100ull << 20)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("KV cache 1.0 TiB"), HasSubstr("at most --kv-memory 100MiB")));
}

TEST_F(MemoryBudgetTest, WeightsThatDoNotFitAreRefusedBeforeTheyAreLoaded) {
  const auto refused = pages({.free_bytes = fixed_bytes() / 2});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("are free for it"), HasSubstr("--dtype")));
}

TEST_F(MemoryBudgetTest, ACacheThatHoldsNoJobIsRefusedWithTheFigures) {
  const auto refused = pages({.kv_memory = 1024, .free_bytes = 64ull << 30});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("1.0 KiB holds 0 positions"), HasSubstr("at least --kv-memory"),
                    HasSubstr("512 positions")));
}

TEST_F(MemoryBudgetTest, WhatIsAskedForIsTaken) {
  EXPECT_EQ(*pages({.kv_memory = 100 * page_bytes() + 7, .free_bytes = 64ull << 30}), 100);
}

TEST(GpuRoomTest, WorkersOfAGpuHaveEquallyMuchWhoeverStartsFirst) {
  EXPECT_EQ(gpu_room({.total_bytes = 1000, .free_bytes = 1000}, 0.5, 1), 500u);
  EXPECT_EQ(gpu_room({.total_bytes = 1000, .free_bytes = 1000}, 0.5, 2), 250u);
  EXPECT_EQ(gpu_room({.total_bytes = 1000, .free_bytes = 750}, 0.5, 2), 250u);
}

TEST(GpuRoomTest, WhatOthersHoldIsLeftToThem) {
  EXPECT_EQ(gpu_room({.total_bytes = 1000, .free_bytes = 600}, 0.5, 1), 100u);
  EXPECT_EQ(gpu_room({.total_bytes = 1000, .free_bytes = 400}, 0.5, 2), 1u) << "known to be none";
}

}  // namespace
}  // namespace unmask::cli
