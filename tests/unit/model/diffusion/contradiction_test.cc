#include "model/diffusion/contradiction.h"

#include <gmock/gmock.h>

#include "model/diffusion/loop.h"

namespace unmask::diffusion {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const DiffusionParams& params, bool is_block_causal) {
  const auto error = contradiction_in(params, is_block_causal);
  if (!error) return "was taken";
  EXPECT_EQ(error->code, ErrorCode::kInvalidArgument);
  return error->message;
}

TEST(ContradictionTest, ACacheHasToSuitTheAttention) {
  EXPECT_THAT(refusal({.cache = DualCache{}}, true), HasSubstr("cache can be block or none"));
  EXPECT_THAT(refusal({.cache = ActiveCache{}}, true), HasSubstr("cache can be block or none"));
  EXPECT_THAT(refusal({.cache = BlockCache{}}, false), HasSubstr("block-causal"));
  for (const bool is_block_causal : {false, true}) {
    EXPECT_EQ(refusal({.cache = NoCache{}}, is_block_causal), "was taken");
    EXPECT_EQ(refusal({}, is_block_causal), "was taken");
  }
}

TEST(ContradictionTest, SmoothingNeedsFullAttention) {
  EXPECT_THAT(refusal({.smoothing = Smoothing{}}, true), HasSubstr("smoothing"));
  EXPECT_EQ(refusal({.smoothing = Smoothing{}}, false), "was taken");
}

TEST(ContradictionTest, GuidanceGoesWithNeitherCacheNorSmoothing) {
  EXPECT_EQ(refusal({.cfg_scale = 1}, false), "was taken");
  EXPECT_EQ(refusal({.cache = NoCache{}, .cfg_scale = 1}, true), "was taken");
  EXPECT_THAT(refusal({.cache = DualCache{}, .cfg_scale = 1}, false),
              AllOf(HasSubstr("cfg_scale"), HasSubstr("cache must be none")));
  EXPECT_THAT(refusal({.cfg_scale = 1}, true), HasSubstr("cache must be none"));
  EXPECT_THAT(refusal({.smoothing = Smoothing{}, .cfg_scale = 1}, false),
              AllOf(HasSubstr("cfg_scale"), HasSubstr("smoothing")));
}

TEST(ContradictionTest, WhatIsDrawnAndWhatIsSureHasOneMeaning) {
  EXPECT_EQ(refusal({.temperature = 1, .top_k = 5, .top_p = 0.9f}, false), "was taken");
  EXPECT_THAT(refusal({.top_k = 5}, false), HasSubstr("set temperature above 0"));
  EXPECT_THAT(refusal({.top_p = 0.5f}, false), HasSubstr("set temperature above 0"));
  EXPECT_THAT(refusal({.credit = Credit{}, .temperature = 1}, false),
              AllOf(HasSubstr("credit"), HasSubstr("temperature")));
  const Remasking random = RandomConfidence{};
  EXPECT_EQ(refusal({.strategy = FixedSteps{}, .remasking = random}, false), "was taken");
  EXPECT_THAT(refusal({.credit = Credit{}, .remasking = random}, false),
              AllOf(HasSubstr("credit"), HasSubstr("remasking random")));
  EXPECT_THAT(refusal({.strategy = EntropyBound{}, .remasking = random}, false),
              AllOf(HasSubstr("entropy"), HasSubstr("remasking random")));
}

TEST(ContradictionTest, DriversOfBlockCausalModelsRefuseFullAttention) {
  for (const auto& [driver, compat] : kPresets) {
    const bool is_llada2 = driver.starts_with("llada2_") || driver.starts_with("block_diffusion");
    const std::string message = refusal({.compat = compat}, false);
    if (is_llada2) {
      EXPECT_EQ(message, "driver " + std::string(driver) +
                             " is for block-causal attention, that of the model is full");
    } else {
      EXPECT_EQ(message, "was taken") << driver;
    }
    EXPECT_EQ(refusal({.compat = compat}, true), "was taken") << driver;
  }
}

TEST(ContradictionTest, EditingIsRefusedBesideADriverThatDoesNotAskWhetherABlockIsDone) {
  for (const auto& [driver, compat] : kPresets) {
    const std::string message = refusal({.strategy = JointThreshold{}, .compat = compat}, true);
    const bool asks = compat.unroll == 1 && compat.min_unroll == 1 &&
                      !compat.refresh.cached_forward_follows && !compat.fills_at_every_forward;
    if (asks) {
      EXPECT_EQ(message, "was taken") << driver;
    } else {
      EXPECT_THAT(message, AllOf(HasSubstr("strategy joint_threshold"),
                                 HasSubstr("driver " + std::string(driver))));
    }
  }
  EXPECT_EQ(refusal({.strategy = JointThreshold{}, .compat = kDefault}, false), "was taken");
}

TEST(ContradictionTest, UnrollingAnEditingDriverIsOneToo) {
  DiffusionParams params{.strategy = JointThreshold{}, .compat = kLlada2Edit};
  params.compat.unroll = 2;
  EXPECT_THAT(refusal(params, true), HasSubstr("driver llada2_edit"));
}

TEST(ContradictionTest, BlockCausalAttentionSeesNoTextInABlockBehindTheHole) {
  const auto canvas = *Canvas::with_holes({1, 2, 3, 4, 5, 6, 7, 8}, {{1, 3}, {4, 5}}, 99);
  const auto error = unseen_text_in(canvas, 4);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error->message, AllOf(HasSubstr("hole at position 1"), HasSubstr("position 5"),
                                    HasSubstr("--block-length")));
  EXPECT_FALSE(unseen_text_in(canvas, 8)) << "text of the same block is seen";
  EXPECT_FALSE(unseen_text_in(Canvas::of_prompt(std::vector<std::int32_t>{1, 2}, 9, 99), 4));
}

TEST(ContradictionTest, TheLoopOfABlockCausalModelRefusesUnseenTextAndThatOfAnotherDoesNot) {
  const auto canvas = *Canvas::with_holes({1, 2, 3, 4, 5, 6}, {{1, 2}}, 99);
  const Vocabulary full{.mask_id = 99, .eos_id = 98, .choosable_end = 100};
  Vocabulary causal = full;
  causal.is_block_causal = true;
  const auto refused = DiffusionLoop::create({.block_length = 2}, causal, canvas);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("block-causal"));
  EXPECT_TRUE(DiffusionLoop::create({.block_length = 2}, full, canvas));
  EXPECT_TRUE(DiffusionLoop::create({.block_length = 8}, causal, canvas));
}

}  // namespace
}  // namespace unmask::diffusion
