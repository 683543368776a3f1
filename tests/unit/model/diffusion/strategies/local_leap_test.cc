#include "model/diffusion/strategies/local_leap.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;

constexpr LocalLeap kLeap{.threshold = 0.9f, .leap_threshold = 0.75f, .leap_radius = 2};

TEST(LocalLeapTest, BesideAnAnchorLessIsEnough) {
  //                      within the radius -----  ------  the anchor is 3
  const Columns columns({0.8f, 0.8f, 0.7f, 0.95f, 0.5f, 0.8f, 0.8f});
  EXPECT_THAT(edits_of(kLeap, columns), ElementsAre(Edit{1, 101}, Edit{3, 103}, Edit{5, 105}));
}

TEST(LocalLeapTest, AnchorsAreNearOverWhatIsDecidedAlready) {
  Columns columns;
  columns.add(10, std::log(0.95f));
  columns.add(12, std::log(0.8f));  // 11 is decided
  columns.add(13, std::log(0.8f));
  EXPECT_THAT(edits_of(kLeap, columns), ElementsAre(Edit{10, 110}, Edit{12, 112}));
}

TEST(LocalLeapTest, EveryAnchorHasItsSurroundings) {
  const Columns columns({0.95f, 0.8f, 0.8f, 0.8f, 0.8f, 0.8f, 0.95f});
  EXPECT_THAT(edits_of(kLeap, columns), ElementsAre(Edit{0, 100}, Edit{1, 101}, Edit{2, 102},
                                                    Edit{4, 104}, Edit{5, 105}, Edit{6, 106}));
}

TEST(LocalLeapTest, WithoutAnAnchorTheSurestGoesAlone) {
  EXPECT_THAT(edits_of(kLeap, Columns({0.8f, 0.85f, 0.8f})), ElementsAre(Edit{1, 101}));
}

TEST(LocalLeapTest, AnAnchorCountsFromTheThresholdOnAndANeighbourFromItsOwn) {
  const Columns columns({0.5f, 0.25f});
  const float first = columns.view().confidence(0), second = columns.view().confidence(1);
  EXPECT_THAT(edits_of(LocalLeap{.threshold = first, .leap_threshold = second}, columns),
              ElementsAre(Edit{0, 100}, Edit{1, 101}));
}

TEST(LocalLeapTest, AnAnchorIsTakenThoughItsSurroundingsAskForMore) {
  EXPECT_THAT(edits_of(LocalLeap{.threshold = 0.5f, .leap_threshold = 0.9f}, Columns({0.6f, 0.4f})),
              ElementsAre(Edit{0, 100}));
}

TEST(LocalLeapTest, BlockIsDoneWhenEveryHoleIsFilled) {
  const Columns columns({0.95f, 0.8f});
  LocalLeap::State state;
  std::vector<Edit> edits(2);
  EXPECT_EQ(decide(kLeap, columns.view(), state, edits), (Decision{2, true}));
  EXPECT_EQ(decide({.leap_threshold = 0.85f}, columns.view(), state, edits), (Decision{1, false}));
}

}  // namespace
}  // namespace unmask::diffusion
