#include "model/diffusion/strategies/hierarchy.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Holes at 0, 1, 2 and at 5, 6.
Columns two_runs(std::initializer_list<float> confidences) {
  Columns columns;
  const std::int32_t positions[] = {0, 1, 2, 5, 6};
  std::size_t i = 0;
  for (const float confidence : confidences) columns.add(positions[i++], std::log(confidence));
  return columns;
}

TEST(HierarchyTest, EveryRunGivesItsSurestIfItIsAboveTheLowThreshold) {
  const Columns columns = two_runs({0.5f, 0.6f, 0.5f, 0.3f, 0.45f});
  EXPECT_THAT(edits_of(Hierarchy{.threshold = 0.9f, .low_threshold = 0.4f}, columns),
              ElementsAre(Edit{1, 101}, Edit{6, 106}));
  EXPECT_THAT(edits_of(Hierarchy{.threshold = 0.9f, .low_threshold = 0.5f}, columns),
              ElementsAre(Edit{1, 101}));
}

TEST(HierarchyTest, AllAboveTheThresholdAreTakenTheThresholdItselfIsNot) {
  const Columns columns = two_runs({0.95f, 0.96f, 0.9f, 0.3f, 0.2f});
  EXPECT_THAT(edits_of(Hierarchy{.threshold = columns.view().confidence(2), .low_threshold = 0.4f},
                       columns),
              ElementsAre(Edit{0, 100}, Edit{1, 101}));
}

TEST(HierarchyTest, TheSurestOfTheBlockIsTakenHoweverUnsure) {
  const Columns columns = two_runs({0.1f, 0.12f, 0.1f, 0.2f, 0.1f});
  EXPECT_THAT(edits_of(Hierarchy{}, columns), ElementsAre(Edit{5, 105}));
  EXPECT_THAT(edits_of(HierarchyFastV2{}, columns), ElementsAre(Edit{5, 105}));
}

TEST(HierarchyTest, WhatTiesWithTheSurestOfItsRunGoesWithIt) {
  EXPECT_THAT(edits_of(Hierarchy{}, two_runs({0.5f, 0.5f, 0.3f, 0.6f, 0.1f})),
              ElementsAre(Edit{0, 100}, Edit{1, 101}, Edit{5, 105}));
}

TEST(HierarchyTest, FastV2TakesNothingWhereTheSurestIsAtTheLowThreshold) {
  const Columns columns = two_runs({0.4f, 0.2f, 0.2f, 0.2f, 0.2f});
  const float surest = columns.view().confidence(0);
  EXPECT_THAT(edits_of(HierarchyFastV2{.low_threshold = surest}, columns), IsEmpty());
  EXPECT_THAT(edits_of(Hierarchy{.low_threshold = surest}, columns), ElementsAre(Edit{0, 100}));
}

}  // namespace
}  // namespace unmask::diffusion
