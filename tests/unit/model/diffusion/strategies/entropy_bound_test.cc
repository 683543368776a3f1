#include "model/diffusion/strategies/entropy_bound.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;

TEST(EntropyBoundTest, TheSumWithoutTheLargestIsBounded) {
  const Columns columns = with_entropies({0.5f, 0.125f, 3.0f, 0.25f});
  // 0, 0.125, 0.375, 0.875: what has to be within the bound for the first, second, ...
  EXPECT_THAT(edits_of(EntropyBound{.entropy_bound = 0}, columns), ElementsAre(Edit{1, 101}));
  EXPECT_THAT(edits_of(EntropyBound{.entropy_bound = 0.124f}, columns), ElementsAre(Edit{1, 101}));
  EXPECT_THAT(edits_of(EntropyBound{.entropy_bound = 0.125f}, columns),
              ElementsAre(Edit{1, 101}, Edit{3, 103}));
  EXPECT_THAT(edits_of(EntropyBound{.entropy_bound = 0.375f}, columns),
              ElementsAre(Edit{1, 101}, Edit{3, 103}, Edit{0, 100}));
  EXPECT_THAT(edits_of(EntropyBound{.entropy_bound = 0.875f}, columns),
              ElementsAre(Edit{1, 101}, Edit{3, 103}, Edit{0, 100}, Edit{2, 102}));
}

TEST(EntropyBoundTest, WithoutABoundAllThatIsCertainGoesAtOnce) {
  EXPECT_THAT(edits_of(EntropyBound{.entropy_bound = 0}, with_entropies({0.5f, 0, 0, 0.25f})),
              ElementsAre(Edit{1, 101}, Edit{2, 102}, Edit{3, 103}));
}

TEST(EntropyBoundTest, OnATieTheLowerPositionIsFirst) {
  EXPECT_THAT(edits_of(EntropyBound{.entropy_bound = 0.1f}, with_entropies({1, 0.5f, 0.5f})),
              ElementsAre(Edit{1, 101}));
}

TEST(EntropyBoundTest, ConfidenceDoesNotMatter) {
  Columns columns = with_entropies({0.5f, 0.25f});
  columns.logit = {-0.1f, -5.0f};
  EXPECT_THAT(edits_of(EntropyBound{}, columns), ElementsAre(Edit{1, 101}));
}

TEST(EntropyBoundTest, BlockIsDoneWhenEveryHoleIsFilled) {
  const Columns columns = with_entropies({0.5f, 0.25f});
  EntropyBound::State state;
  std::vector<Edit> edits(2);
  EXPECT_EQ(decide(EntropyBound{}, columns.view(), state, edits), (Decision{1, false}));
  EXPECT_EQ(decide(EntropyBound{.entropy_bound = 1}, columns.view(), state, edits),
            (Decision{2, true}));
}

}  // namespace
}  // namespace unmask::diffusion
