#include "model/diffusion/smoothing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/model/diffusion/played_loop.h"

namespace unmask::diffusion {
namespace {

const std::vector<std::int32_t> kPrompt{7, 7};

/// The first hole is sure, the others are not.
Guess one_is_sure(std::int32_t position, std::int32_t /*iteration*/) {
  return {20 + position, position == 2 ? 0.99f : 0.5f};
}

DiffusionLoop smoothed_loop(DiffusionParams params) {
  params.smoothing = Smoothing{};
  params.gen_length = 8;
  params.block_length = 4;
  return loop_of(params, kPrompt, params.gen_length);
}

TEST(SmoothingTest, WeightsGrowToTheirBoundAndThresholdsFallToTheirs) {
  const Smoothing usual;
  for (const auto& [iteration, weight, threshold] : {std::tuple{0, 0.15f, 1.0f},
                                                     {1, 0.17f, 0.98f},
                                                     {7, 0.29f, 0.86f},
                                                     {8, 0.3f, 0.84f},
                                                     {10, 0.3f, 0.8f},
                                                     {29, 0.3f, 0.8f}}) {
    EXPECT_FLOAT_EQ(weight_at(usual, iteration), weight) << iteration;
    EXPECT_FLOAT_EQ(threshold_at(usual, iteration, 0.8f), threshold) << iteration;
  }
  const Smoothing steep{.cont_weight = 0.1f, .cont_weight_init = 0.5f, .threshold_decay = 1};
  EXPECT_FLOAT_EQ(weight_at(steep, 0), 0.1f) << "cut at once";
  EXPECT_FLOAT_EQ(threshold_at(steep, 1, 0.4f), 0.4f);
}

TEST(SmoothingTest, OnlyThresholdsChange) {
  const Strategy at_start = strategy_at({}, 3, Hierarchy{0.9f, 0.4f});
  EXPECT_EQ(at_start, Strategy(Hierarchy{threshold_at({}, 3, 0.9f), 0.4f}));
  EXPECT_EQ(strategy_at({}, 3, Factor{}), Strategy(Factor{}));
}

TEST(SmoothingTest, HolesAreReadAsTheSoftRowsThatTheForwardBeforeMade) {
  constexpr std::int32_t kMaskId = kVocabulary.mask_id;
  DiffusionLoop loop = smoothed_loop({});
  SequenceStep step = *loop.next();
  EXPECT_THAT(step.inputs, testing::ElementsAre(7, 7, kMaskId, kMaskId, kMaskId, kMaskId, kMaskId,
                                                kMaskId, kMaskId, kMaskId));
  EXPECT_EQ(step.window.mixed, (Ranges{{2, 10}}));
  EXPECT_EQ(step.mask_token, kMaskId);
  EXPECT_FLOAT_EQ(step.mix_weight, 0.15f);

  run(loop, one_is_sure, 1);  // the threshold is 1: the surest goes alone
  step = *loop.next();
  EXPECT_EQ(loop.canvas().num_holes({0, 10}), 7);
  EXPECT_THAT(step.inputs, testing::Each(testing::Ne(kMaskId)));
  EXPECT_EQ(std::ranges::count(step.inputs, kSoftRow), 7);
  EXPECT_EQ(step.window.mixed, (Ranges{{3, 10}}));
  EXPECT_FLOAT_EQ(step.mix_weight, 0.17f);
}

TEST(SmoothingTest, OnlyComputedHolesAreMixedAndTokensOnlyIfTheyMayGoBack) {
  DiffusionLoop dual = smoothed_loop({.cache = CachePolicy(DualCache{})});
  run(dual, one_is_sure, 1);
  EXPECT_EQ(dual.next()->window.mixed, (Ranges{{3, 6}}));

  DiffusionLoop remask = smoothed_loop({.strategy = HierarchyRemask{}});
  run(remask, one_is_sure, 1);
  EXPECT_EQ(remask.next()->window.mixed, (Ranges{{2, 10}}));
}

TEST(SmoothingTest, TakesARowForEveryPositionThatIsGenerated) {
  EXPECT_EQ(smoothed_loop({}).max_use().num_soft, 8);
  EXPECT_EQ(loop_of({}, kPrompt, 8).max_use().num_soft, 0);
}

TEST(SmoothingTest, DoesNotGoOnWithoutItsRows) {
  const DiffusionLoop loop = smoothed_loop({});
  EXPECT_FALSE(DiffusionLoop::resume_without_cache(loop.params(), kVocabulary, loop.state()));
}

}  // namespace
}  // namespace unmask::diffusion
