#include "model/diffusion/strategies/joint_threshold.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr JointThreshold kJointParams{
    .threshold = 0.7f, .editing_threshold = 0.5f, .max_post_steps = 2};

/// Candidates at 0, 1, ... for what stands there; kHole: a hole. The candidate for p is 100 + p.
struct Outcome {
  std::vector<Edit> edits;
  bool is_done = false;
};
Outcome step(const Columns& columns, const std::vector<std::int32_t>& present,
             JointThreshold::State& state, const JointThreshold& params = kJointParams) {
  Candidates candidates = columns.view();
  candidates.present = present;
  std::vector<Edit> edits(columns.position.size());
  const Decision decision = decide(params, candidates, state, edits);
  edits.resize(std::size_t(decision.num_edits));
  return {edits, decision.block_done};
}
Outcome first_step(const Columns& columns, const std::vector<std::int32_t>& present,
                   const JointThreshold& params = kJointParams) {
  JointThreshold::State state;
  return step(columns, present, state, params);
}

TEST(JointThresholdTest, HolesAboveTheThresholdAreFilled) {
  EXPECT_THAT(first_step(Columns({0.8f, 0.6f, 0.9f}), {kHole, kHole, kHole}).edits,
              ElementsAre(Edit{0, 100}, Edit{2, 102}));
}

TEST(JointThresholdTest, IfNoneIsAboveItTheSurestHoleIsFilledAndNoOther) {
  EXPECT_THAT(first_step(Columns({0.2f, 0.6f, 0.4f}), {kHole, kHole, kHole}).edits,
              ElementsAre(Edit{1, 101}));
  // The surest of all is decided: it is no hole.
  EXPECT_THAT(first_step(Columns({0.2f, 0.99f, 0.4f}), {kHole, 101, kHole}).edits,
              ElementsAre(Edit{2, 102}));
}

TEST(JointThresholdTest, ADecidedTokenIsReplacedByASureOneThatDiffers) {
  EXPECT_THAT(first_step(Columns({0.6f, 0.6f, 0.4f, 0.8f}), {7, 101, 7, kHole}).edits,
              ElementsAre(Edit{0, 100}, Edit{3, 103}));
}

TEST(JointThresholdTest, AnEditDoesNotStandForAHole) {
  EXPECT_THAT(first_step(Columns({0.6f, 0.3f}), {7, kHole}).edits,
              ElementsAre(Edit{0, 100}, Edit{1, 101}));
}

TEST(JointThresholdTest, BothThresholdsAreStrict) {
  const Columns columns({0.25f, 0.25f, 0.9f});
  const float at = columns.view().confidence(0);
  const JointThreshold params{.threshold = at, .editing_threshold = at};
  EXPECT_THAT(first_step(columns, {7, kHole, kHole}, params).edits, ElementsAre(Edit{2, 102}));
  const float below = std::nextafter(at, 0.0f);
  EXPECT_THAT(
      first_step(columns, {7, kHole, kHole}, {.threshold = below, .editing_threshold = below})
          .edits,
      ElementsAre(Edit{0, 100}, Edit{1, 101}, Edit{2, 102}));
}

TEST(JointThresholdTest, ABlockIsNotDoneWithItsLastHoleBecauseWhatWasFilledIsLookedAtAgain) {
  EXPECT_FALSE(first_step(Columns({0.8f}), {kHole}).is_done);
}

TEST(JointThresholdTest, ABlockIsDoneWhenNothingChanges) {
  const Outcome outcome = first_step(Columns({0.8f, 0.4f}), {100, 7});
  EXPECT_THAT(outcome.edits, IsEmpty());
  EXPECT_TRUE(outcome.is_done);
}

TEST(JointThresholdTest, ABlockIsDoneAfterSoManyStepsThatSawNoHole) {
  JointThreshold::State state;
  EXPECT_FALSE(step(Columns({0.8f}), {kHole}, state).is_done);
  EXPECT_FALSE(step(Columns({0.8f}), {7}, state).is_done);
  const Outcome last = step(Columns({0.8f}), {7}, state);
  EXPECT_TRUE(last.is_done);
  EXPECT_THAT(last.edits, ElementsAre(Edit{0, 100})) << "the last step edits, too";
}

TEST(JointThresholdTest, WithoutPostStepsABlockIsDoneWithItsLastHole) {
  EXPECT_TRUE(first_step(Columns({0.8f}), {kHole}, {.max_post_steps = 0}).is_done);
  EXPECT_FALSE(first_step(Columns({0.8f, 0.1f}), {kHole, kHole}, {.max_post_steps = 0}).is_done);
}

TEST(JointThresholdTest, EveryStepIsCounted) {
  EXPECT_EQ(max_iterations(JointThreshold{.max_post_steps = 5}, 8), 13);
}

}  // namespace
}  // namespace unmask::diffusion
