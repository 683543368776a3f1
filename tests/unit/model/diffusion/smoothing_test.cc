#include "model/diffusion/smoothing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/diffusion/loop.h"

namespace unmask::diffusion {
namespace {

constexpr std::int32_t kMaskId = 99;
const Vocabulary kSmoothVocabulary{.mask_id = kMaskId, .eos_id = 98, .choosable_end = 100};

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

DiffusionLoop smoothed_loop(const DiffusionParams& params, int prompt_length = 2) {
  const std::vector<std::int32_t> prompt(std::size_t(prompt_length), 7);
  return *DiffusionLoop::create(params, kSmoothVocabulary,
                                Canvas::of_prompt(prompt, params.gen_length, kMaskId));
}

/// Candidates of what `step` decodes: the first of confidence `sure`, the others of a half.
CandidateColumns one_sure_answer(const SequenceStep& step, float sure) {
  CandidateColumns columns;
  for (const Range range : step.window.decoded) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      const bool is_first = columns.position.empty();
      columns.position.push_back(position);
      columns.token.push_back(20 + position);
      columns.logit.push_back(std::log(is_first ? sure : 0.5f));
      columns.log_sum_exp.push_back(0);
    }
  }
  return columns;
}

TEST(SmoothingTest, HolesAreReadAsTheSoftRowsThatTheForwardBeforeMade) {
  DiffusionLoop loop =
      smoothed_loop({.gen_length = 8, .block_length = 4, .smoothing = Smoothing{}});
  SequenceStep step = *loop.next();
  EXPECT_THAT(step.inputs, testing::ElementsAre(7, 7, kMaskId, kMaskId, kMaskId, kMaskId, kMaskId,
                                                kMaskId, kMaskId, kMaskId));
  EXPECT_EQ(step.window.mixed, (Ranges{{2, 10}}));
  EXPECT_EQ(step.mask_token, kMaskId);
  EXPECT_FLOAT_EQ(step.mix_weight, 0.15f);

  ASSERT_TRUE(
      loop.apply(one_sure_answer(step, 0.99f)));  // the threshold is 1: the surest goes alone
  step = *loop.next();
  EXPECT_EQ(loop.canvas().num_holes({0, 10}), 7);
  EXPECT_THAT(step.inputs, testing::Each(testing::Ne(kMaskId)));
  EXPECT_EQ(std::ranges::count(step.inputs, kSoftRow), 7);
  EXPECT_EQ(step.window.mixed, (Ranges{{3, 10}}));
  EXPECT_FLOAT_EQ(step.mix_weight, 0.17f);
}

TEST(SmoothingTest, OnlyComputedHolesAreMixedAndTokensOnlyIfTheyMayGoBack) {
  DiffusionLoop dual = smoothed_loop({.gen_length = 8,
                                      .block_length = 4,
                                      .smoothing = Smoothing{},
                                      .cache = CachePolicy(DualCache{})});
  ASSERT_TRUE(dual.apply(one_sure_answer(*dual.next(), 0.99f)));
  EXPECT_EQ(dual.next()->window.mixed, (Ranges{{3, 6}}));

  DiffusionLoop remask = smoothed_loop({.gen_length = 8,
                                        .block_length = 4,
                                        .strategy = HierarchyRemask{},
                                        .smoothing = Smoothing{}});
  ASSERT_TRUE(remask.apply(one_sure_answer(*remask.next(), 0.99f)));
  EXPECT_EQ(remask.next()->window.mixed, (Ranges{{2, 10}}));
}

TEST(SmoothingTest, TakesARowForEveryPositionThatIsGenerated) {
  EXPECT_EQ(smoothed_loop({.gen_length = 8, .smoothing = Smoothing{}}).max_use().num_soft, 8);
  EXPECT_EQ(smoothed_loop({.gen_length = 8}).max_use().num_soft, 0);
}

TEST(SmoothingTest, DoesNotGoOnWithoutItsRowsAndNotWithBlockCausalAttention) {
  const DiffusionParams params{.gen_length = 8, .block_length = 4, .smoothing = Smoothing{}};
  EXPECT_FALSE(DiffusionLoop::resume_without_cache(params, kSmoothVocabulary,
                                                   smoothed_loop(params).state()));
  Vocabulary causal = kSmoothVocabulary;
  causal.is_block_causal = true;
  const auto refused =
      DiffusionLoop::create(params, causal, Canvas::of_prompt({}, params.gen_length, kMaskId));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("block-causal"));
}

}  // namespace
}  // namespace unmask::diffusion
