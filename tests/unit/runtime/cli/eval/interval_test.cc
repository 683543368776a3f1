#include "runtime/cli/eval/interval.h"

#include <gtest/gtest.h>

namespace unmask::cli {
namespace {

TEST(Wilson, IsWhatTheFormulaGives) {
  const Interval half = wilson_95(50, 100);
  EXPECT_NEAR(half.low, 0.4038, 1e-4);
  EXPECT_NEAR(half.high, 0.5962, 1e-4);
  const Interval few = wilson_95(9, 10);
  EXPECT_NEAR(few.low, 0.5958, 1e-4);
  EXPECT_NEAR(few.high, 0.9821, 1e-4);
}

TEST(Wilson, StaysInsideNothingAndAllAndIsNoPointThere) {
  EXPECT_EQ(wilson_95(0, 20).low, 0);
  EXPECT_NEAR(wilson_95(0, 20).high, 0.1611, 1e-4);
  EXPECT_NEAR(wilson_95(20, 20).low, 0.8389, 1e-4);
  EXPECT_EQ(wilson_95(20, 20).high, 1);
}

TEST(Wilson, KnowsNothingWithoutItems) {
  EXPECT_EQ(wilson_95(0, 0).low, 0);
  EXPECT_EQ(wilson_95(0, 0).high, 1);
}

}  // namespace
}  // namespace unmask::cli
