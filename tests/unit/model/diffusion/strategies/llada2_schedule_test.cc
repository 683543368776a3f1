#include "model/diffusion/strategies/llada2_schedule.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// n_0, n_1, ... of a block.
std::vector<std::int32_t> shares(const Llada2Schedule& params, const BlockFacts& facts) {
  Llada2Schedule::State state = entered(params, facts);
  std::vector<std::int32_t> all;
  for (; state.step < state.num_steps; ++state.step) all.push_back(share_of_step(state));
  return all;
}

std::vector<Edit> edits_in(Llada2Schedule::State state, const Columns& columns) {
  std::vector<Edit> edits(columns.position.size());
  edits.resize(std::size_t(decide({.threshold = 0.8f}, columns.view(), state, edits).num_edits));
  return edits;
}

TEST(Llada2ScheduleTest, TheSharesOfABlockGoByItsLengthAndTheFirstTakeTheRemainder) {
  EXPECT_THAT(shares({.steps = 5}, {.block_length = 16, .gen_length = 40}),
              ElementsAre(4, 3, 3, 3, 3));
  EXPECT_THAT(shares({.steps = 4}, {.block_length = 2, .gen_length = 40}), ElementsAre(1, 1, 0, 0));
}

TEST(Llada2ScheduleTest, StepsAreBoundedByTheLeastThatEachTakesAndNeverNone) {
  EXPECT_THAT(shares({.steps = 32, .minimal_topk = 4}, {.block_length = 8, .gen_length = 15}),
              ElementsAre(3, 3, 2));
  EXPECT_THAT(shares({.steps = 32, .minimal_topk = 9}, {.block_length = 8, .gen_length = 8}),
              ElementsAre(8));
}

TEST(Llada2ScheduleTest, AllAboveTheThresholdAreTakenIfTheyAreTheShareOrMore) {
  const Llada2Schedule::State two{.step = 0, .num_steps = 2, .block_length = 4};
  EXPECT_THAT(edits_in(two, Columns({0.9f, 0.1f, 0.85f, 0.95f})),
              ElementsAre(Edit{3, 103}, Edit{0, 100}, Edit{2, 102}));
}

TEST(Llada2ScheduleTest, ElseTheSurestMakeUpTheShare) {
  const Llada2Schedule::State two{.step = 0, .num_steps = 2, .block_length = 4};
  EXPECT_THAT(edits_in(two, Columns({0.2f, 0.1f, 0.5f, 0.95f})),
              ElementsAre(Edit{3, 103}, Edit{2, 102}));
  EXPECT_THAT(edits_in(two, Columns({0.2f})), ElementsAre(Edit{0, 100})) << "as many as there are";
}

TEST(Llada2ScheduleTest, AConfidenceAtTheThresholdIsNotAboveIt) {
  const Llada2Schedule::State none{.step = 3, .num_steps = 4, .block_length = 2};
  Columns columns({0.5f});
  Llada2Schedule::State state = none;
  std::vector<Edit> edits(1);
  EXPECT_EQ(decide({.threshold = columns.view().confidence(0)}, columns.view(), state, edits),
            (Decision{0, false}));
  EXPECT_EQ(decide({.threshold = 0.49f}, columns.view(), state, edits), (Decision{1, true}));
}

TEST(Llada2ScheduleTest, AStepWhoseShareIsEmptyTakesOnlyWhatIsSure) {
  const Llada2Schedule::State none{.step = 3, .num_steps = 4, .block_length = 2};
  EXPECT_THAT(edits_in(none, Columns({0.2f, 0.3f})), IsEmpty());
  EXPECT_THAT(edits_in(none, Columns({0.2f, 0.9f})), ElementsAre(Edit{1, 101}));
}

}  // namespace
}  // namespace unmask::diffusion
