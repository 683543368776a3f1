#include "model/diffusion/cache_policies/cache_policy.h"

#include <gmock/gmock.h>

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;

/// The phases of `count` forwards on one block after the other, `per_block` each.
std::vector<Phase> phases(const CachePolicy& policy, RefreshRules rules, int count, int per_block) {
  CacheState state = initial_state(policy);
  std::vector<Phase> seen;
  for (int i = 0; i < count; ++i) {
    const std::int32_t begin = 4 + i / per_block * 4;
    seen.push_back(plan(policy, {{begin, begin + 4}, 40, rules}, state).phase);
  }
  return seen;
}

constexpr Phase R = Phase::kRefresh, D = Phase::kDenoise;
constexpr RefreshRules kReference = kBlockwise.refresh;

TEST(CachePolicyTest, NoCacheComputesTheWholeCanvas) {
  CacheState state = initial_state(NoCache{});
  const Plan planned = plan(NoCache{}, {{8, 12}, 20, {}}, state);
  EXPECT_EQ(planned.computed, (Range{0, 20}));
  EXPECT_EQ(planned.visible, Range{});
  EXPECT_EQ(planned.written, Range{});
  EXPECT_EQ(planned.decoded, (Range{8, 12}));
}

TEST(CachePolicyTest, ARefreshComputesAndWritesTheWholeCanvas) {
  for (const CachePolicy& policy : {CachePolicy(PrefixCache{}), CachePolicy(DualCache{})}) {
    CacheState state = initial_state(policy);
    const Plan planned = plan(policy, {{8, 12}, 20, {}}, state);
    EXPECT_EQ(planned.phase, Phase::kRefresh);
    EXPECT_EQ(planned.computed, (Range{0, 20}));
    EXPECT_EQ(planned.visible, Range{});
    EXPECT_EQ(planned.written, (Range{0, 20}));
    EXPECT_EQ(planned.decoded, (Range{8, 12}));
  }
}

TEST(CachePolicyTest, ACachedForwardSeesTheCanvasAndWritesNothing) {
  const PlanInput input{{8, 12}, 20, {}};
  for (const CachePolicy& policy : {CachePolicy(PrefixCache{}), CachePolicy(DualCache{})}) {
    CacheState state = initial_state(policy);
    static_cast<void>(plan(policy, input, state));
    const Plan planned = plan(policy, input, state);
    EXPECT_EQ(planned.phase, Phase::kDenoise);
    EXPECT_EQ(planned.computed, (Range{8, std::holds_alternative<DualCache>(policy) ? 12 : 20}));
    EXPECT_EQ(planned.visible, (Range{0, 20}));
    EXPECT_EQ(planned.written, Range{});
    EXPECT_EQ(planned.decoded, (Range{8, 12}));
  }
}

TEST(CachePolicyTest, EveryNewBlockIsRefreshed) {
  EXPECT_THAT(phases(DualCache{}, {}, 6, 3), ElementsAre(R, D, D, R, D, D));
  EXPECT_THAT(phases(DualCache{}, {}, 3, 1), ElementsAre(R, R, R));
}

TEST(CachePolicyTest, UpdateFrequencyCountsTheForwardsOfABlock) {
  EXPECT_THAT(phases(PrefixCache{2}, {}, 10, 5), ElementsAre(R, D, R, D, R, R, D, R, D, R));
  EXPECT_THAT(phases(PrefixCache{1}, {}, 3, 3), ElementsAre(R, R, R));
}

TEST(CachePolicyTest, ReferencePairsARefreshWithACachedForwardAndCountsThemAsOne) {
  EXPECT_THAT(phases(DualCache{}, kReference, 6, 3), ElementsAre(R, D, D, R, D, D));
  EXPECT_THAT(phases(DualCache{2}, kReference, 9, 9), ElementsAre(R, D, D, R, D, D, R, D, D));
  // The count goes on over blocks: the fourth call, the first of the second block, is due anyway.
  EXPECT_THAT(phases(DualCache{3}, kReference, 9, 4), ElementsAre(R, D, D, D, R, D, D, D, R));
  EXPECT_THAT(phases(DualCache{4}, kReference, 8, 4), ElementsAre(R, D, D, D, R, D, R, D));
}

TEST(CachePolicyTest, AnAppendingPrefixCacheSeesWhatStandsBeforeTheBlock) {
  CacheState state = initial_state(PrefixCache{});
  const PlanInput input{{8, 12}, 20, kFastDllm.refresh};
  static_cast<void>(plan(PrefixCache{}, input, state));
  const Plan planned = plan(PrefixCache{}, input, state);
  EXPECT_EQ(planned.computed, (Range{8, 20}));
  EXPECT_EQ(planned.visible, (Range{0, 8}));
}

TEST(CachePolicyTest, ActiveKeepsWhatItComputesOfTheBlockAndLetsTokensSettle) {
  const ActiveCache policy{.settle = 3};
  const PlanInput input{{8, 12}, 20, {}};
  CacheState state = initial_state(policy);
  EXPECT_EQ(plan(policy, input, state), refresh_plan(input, RefreshState{}));
  const Plan planned = plan(policy, input, state);
  EXPECT_EQ(planned.phase, Phase::kDenoise);
  EXPECT_EQ(planned.computed, (Range{8, 12}));
  EXPECT_EQ(planned.visible, (Range{0, 20}));
  EXPECT_EQ(planned.written, (Range{8, 12}));
  EXPECT_EQ(planned.settle, 3);
  EXPECT_THAT(phases({ActiveCache{.cache_update_freq = 2}}, {}, 6, 3),
              ElementsAre(R, D, R, R, D, R));
}

TEST(CachePolicyTest, VicinityComputesTheSurroundingsOfTheBlockWithinTheCanvas) {
  const VicinityCache policy{.prefix_look = 3, .after_look = 5, .warmup_steps = 0};
  for (const auto& [block, computed] :
       {std::pair(Range{8, 12}, Range{5, 17}), std::pair(Range{2, 6}, Range{0, 11}),
        std::pair(Range{16, 20}, Range{13, 20})}) {
    CacheState state = initial_state(policy);
    EXPECT_EQ(plan(policy, {block, 20, {}}, state).phase, Phase::kRefresh);
    const Plan planned = plan(policy, {block, 20, {}}, state);
    EXPECT_EQ(planned.computed, computed);
    EXPECT_EQ(planned.visible, (Range{0, 20}));
    EXPECT_EQ(planned.decoded, block);
  }
}

TEST(CachePolicyTest, VicinityWarmsUpWithoutACache) {
  const VicinityCache policy{.warmup_steps = 2};
  EXPECT_THAT(phases(policy, {}, 6, 4), ElementsAre(D, D, R, D, R, D));
  CacheState state = initial_state(policy);
  const Plan planned = plan(policy, {{8, 12}, 20, {}}, state);
  EXPECT_EQ(planned.computed, (Range{0, 20}));
  EXPECT_EQ(planned.visible, Range{});
}

TEST(CachePolicyTest, VicinityOfTheReferenceRefreshesItsFirstBlockOnce) {
  const VicinityCache policy{.warmup_steps = 2, .cache_update_freq = 2};
  EXPECT_THAT(phases(policy, kReference, 7, 7), ElementsAre(D, D, R, D, D, D, D));
  // The warm-up ends inside the second block, which is refreshed for itself once more.
  EXPECT_THAT(phases({VicinityCache{.warmup_steps = 3}}, kReference, 8, 2),
              ElementsAre(D, D, D, R, D, R, D, R));
}

TEST(CachePolicyTest, AnUnfusedBlockCacheIsFilledByForwardsOfItsOwn) {
  const RefreshRules rules{.commits_blocks = true};
  CacheState state = initial_state(BlockCache{});
  const Plan prefill = plan(BlockCache{}, {{8, 12}, 20, rules, 4}, state);
  EXPECT_EQ(prefill.phase, Phase::kPrefill);
  EXPECT_EQ(prefill.written, (Range{0, 8}));
  EXPECT_FALSE(prefill.ends_call);
  const Plan denoise = plan(BlockCache{}, {{8, 12}, 20, rules, 4}, state);
  EXPECT_EQ(denoise.phase, Phase::kDenoise);
  EXPECT_EQ(denoise.computed, (Range{8, 12}));
  EXPECT_EQ(denoise.visible, (Range{0, 8}));
  EXPECT_EQ(denoise.written, (Range{8, 12}));
  EXPECT_EQ(plan(BlockCache{}, {{12, 16}, 20, rules, 4}, state).visible, (Range{0, 12}));
  // Blocks without a hole are skipped: they are prefilled like a prompt.
  const Plan skipped = plan(BlockCache{}, {{20, 24}, 24, rules, 4}, state);
  EXPECT_EQ(skipped.phase, Phase::kPrefill);
  EXPECT_EQ(skipped.computed, (Range{16, 20}));
}

TEST(CachePolicyTest, ACommitWritesTheBlockAndDecodesNothing) {
  BlockCache::State state{.cached_end = 8};
  const Plan commit = commit_plan({{8, 12}, 20, {}, 4}, state);
  EXPECT_EQ(commit.phase, Phase::kCommit);
  EXPECT_EQ(commit.computed, (Range{8, 12}));
  EXPECT_EQ(commit.visible, (Range{0, 8}));
  EXPECT_EQ(commit.written, (Range{8, 12}));
  EXPECT_EQ(commit.decoded, Range{});
  EXPECT_EQ(state.cached_end, 12);
}

TEST(CachePolicyTest, OnlyARefreshWithACachedForwardBehindItDoesNotEndACall) {
  CacheState state = initial_state(DualCache{});
  EXPECT_FALSE(plan(DualCache{}, {{0, 4}, 8, kReference}, state).ends_call);
  EXPECT_TRUE(plan(DualCache{}, {{0, 4}, 8, kReference}, state).ends_call);
  CacheState own = initial_state(DualCache{});
  EXPECT_TRUE(plan(DualCache{}, {{0, 4}, 8, {}}, own).ends_call);
}

TEST(CachePolicyDeathTest, StateOfAnotherPolicyIsABug) {
  CacheState state = initial_state(NoCache{});
  EXPECT_DEATH(plan(CachePolicy(DualCache{}), {{0, 4}, 8, {}}, state), "check failed: own_state");
}

}  // namespace
}  // namespace unmask::diffusion
