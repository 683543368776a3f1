#include "model/diffusion/strategies/fastdllm_threshold.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::UnorderedElementsAre;

TEST(FastDllmThresholdTest, WhatIsAtTheThresholdIsTaken) {
  const Columns columns({0.95f, 0.9f, 0.2f});
  EXPECT_THAT(edits_of(FastDllmThreshold{.threshold = columns.view().confidence(1)}, columns),
              UnorderedElementsAre(Edit{0, 100}, Edit{1, 101}));
}

TEST(FastDllmThresholdTest, TheSurestIsTakenWithoutWhatNearlyTiesWithIt) {
  EXPECT_THAT(edits_of(FastDllmThreshold{.threshold = 0.9f}, Columns({0.3f, 0.299999f})),
              UnorderedElementsAre(Edit{0, 100}));
}

TEST(FastDllmThresholdTest, AtLeastSoManyAreTaken) {
  EXPECT_THAT(edits_of(FastDllmThreshold{.threshold = 0.9f, .minimal_topk = 2},
                       Columns({0.1f, 0.3f, 0.2f})),
              UnorderedElementsAre(Edit{1, 101}, Edit{2, 102}));
  EXPECT_EQ(edits_of(FastDllmThreshold{.threshold = 0.9f, .minimal_topk = 5}, Columns({0.1f, 0.3f}))
                .size(),
            2u);
}

}  // namespace
}  // namespace unmask::diffusion
