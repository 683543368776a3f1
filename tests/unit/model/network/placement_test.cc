#include "model/network/placement.h"

#include <gtest/gtest.h>

#include "model/network/head_split.h"
#include "model/network/memory_plan.h"

namespace unmask::network {
namespace {

checkpoint::ModelConfig small_config() {
  checkpoint::ModelConfig config;
  config.vocab_size = 100;
  config.hidden_size = 32;
  config.num_layers = 2;
  config.num_heads = 6;
  config.num_kv_heads = 2;
  config.head_dim = 8;
  config.max_positions = 128;
  config.num_experts = 3;
  config.num_experts_per_token = 2;
  config.expert_intermediate_size = 16;
  return config;
}

TEST(PlacementTest, EveryItemIsHeldOnceByAnyNumberOfRanks) {
  for (const int num_ranks : {1, 2, 3, 4, 5, 8, 13}) {
    for (const int num_items : {1, 2, 7, 8, 64, 157184}) {
      int next = 0;
      for (int rank = 0; rank < num_ranks; ++rank) {
        const Placement placement{rank, num_ranks, Numerics::kFast};
        EXPECT_EQ(placement.slice(num_items).begin, next);
        EXPECT_EQ(placement.shares(num_items).num_items(), placement.slice(num_items).size());
        next = placement.slice(num_items).end;
      }
      EXPECT_EQ(next, num_items);
    }
  }
}

TEST(PlacementTest, SharesCoverTheSlice) {
  for (const int num_ranks : {1, 2, 4, 8}) {
    for (const int num_items : {1, 3, 6, 12, 520}) {
      for (int rank = 0; rank < num_ranks; ++rank) {
        const Placement placement{rank, num_ranks, Numerics::kExact};
        EXPECT_EQ(placement.shares(num_items).num_items(), placement.slice(num_items).size());
        EXPECT_EQ(placement.shares(num_items).count, 8 / num_ranks);
      }
    }
  }
}

TEST(PlacementTest, ARankOutsideItsGroupIsRefused) {
  EXPECT_FALSE((Placement{2, 2, Numerics::kFast}.validate()));
  EXPECT_FALSE((Placement{-1, 2, Numerics::kFast}.validate()));
  EXPECT_FALSE((Placement{0, 0, Numerics::kFast}.validate()));
  EXPECT_FALSE((Placement{0, 16, Numerics::kExact}.validate()));
  EXPECT_TRUE((Placement{15, 16, Numerics::kFast}.validate()));
  EXPECT_TRUE((Placement{63, 64, Numerics::kFast}.validate()));
  EXPECT_FALSE((Placement{64, 65, Numerics::kFast}.validate())) << "their candidates do not merge";
}

TEST(HeadSplitTest, ARankHoldsTheKvHeadsThatItsQueryHeadsRead) {
  const checkpoint::ModelConfig config =
      small_config();  // query heads 0 to 2 read KV head 0, 3 to 5 read 1
  const HeadSplit second = split_heads(config, {1, 4, Numerics::kExact});  // heads 1 and 2
  EXPECT_EQ(second.heads.begin, 1);
  EXPECT_EQ(second.heads.end, 3);
  EXPECT_EQ(second.kv_heads.begin, 0);
  EXPECT_EQ(second.kv_heads.end, 1);
  const HeadSplit all = split_heads(config, {0, 1, Numerics::kExact});
  EXPECT_EQ(kv_head_of_head(config, all), (std::vector<std::int32_t>{0, 0, 0, 1, 1, 1}));
}

TEST(HeadSplitTest, ARankMayHoldNoHead) {
  const HeadSplit none = split_heads(small_config(), {0, 8, Numerics::kExact});
  EXPECT_EQ(none.qkv_width(), 0);
  EXPECT_TRUE(kv_head_of_head(small_config(), none).empty());
}

TEST(MemoryPlanTest, PagesComeFromTheBytesOfAllWorkersTogether) {
  EngineOptions options;
  // K and V of 2 layers, 2 heads of 8, f32, 16 positions.
  options.kv_cache_bytes = std::uint64_t{10} * 2 * 2 * 2 * 8 * 4 * 16 + 5;
  for (const int num_ranks : {1, 2, 4, 8}) {
    options.placement = {num_ranks - 1, num_ranks, Numerics::kExact};
    const auto plan = plan_memory(small_config(), options);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->num_kv_pages, 10);
    EXPECT_EQ(plan->num_canvases(17), 5);
    EXPECT_EQ(plan->num_canvases(0), 0);
    EXPECT_EQ(plan->max_positions, 128);
  }
}

TEST(MemoryPlanTest, OptionsWithoutSenseAreRefused) {
  EngineOptions options;
  options.max_rows = 0;
  EXPECT_FALSE(plan_memory(small_config(), options));
  options.max_rows = 64;
  options.num_kv_pages = INT32_MAX / 8;
  EXPECT_FALSE(plan_memory(small_config(), options));
  options.num_kv_pages = -1;
  EXPECT_FALSE(plan_memory(small_config(), options));
  options.num_kv_pages = 1;
  options.dtype = kernels::DType::kF16;
  EXPECT_FALSE(plan_memory(small_config(), options));
}

}  // namespace
}  // namespace unmask::network
