#include "model/diffusion/strategies/entropy_threshold.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;

TEST(EntropyThresholdTest, AllBelowTheThresholdAreTakenByPosition) {
  EXPECT_THAT(
      edits_of(EntropyThreshold{.max_entropy = 0.5f}, with_entropies({0.49f, 0.5f, 2.0f, 0.0f})),
      ElementsAre(Edit{0, 100}, Edit{3, 103}));
}

TEST(EntropyThresholdTest, WhereNoneIsBelowTheLeastGoesAlone) {
  EXPECT_THAT(edits_of(EntropyThreshold{.max_entropy = 0.5f}, with_entropies({3, 0.75f, 0.75f})),
              ElementsAre(Edit{1, 101}));
}

TEST(EntropyThresholdTest, BlockIsDoneWhenEveryHoleIsFilled) {
  const Columns columns = with_entropies({0.25f, 0.5f});
  EntropyThreshold::State state;
  std::vector<Edit> edits(2);
  EXPECT_EQ(decide({.max_entropy = 0.5f}, columns.view(), state, edits), (Decision{1, false}));
  EXPECT_EQ(decide({.max_entropy = 0.75f}, columns.view(), state, edits), (Decision{2, true}));
}

}  // namespace
}  // namespace unmask::diffusion
