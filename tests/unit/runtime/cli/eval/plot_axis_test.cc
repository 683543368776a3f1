#include "runtime/cli/eval/plot_axis.h"

#include <gtest/gtest.h>

namespace unmask::cli {
namespace {

TEST(AxisOver, LinesStandAtRoundNumbersAndHoldAllValues) {
  const PlotAxis percent = axis_over(77.2, 100);
  EXPECT_EQ(percent.low, 75);
  EXPECT_EQ(percent.high, 100);
  EXPECT_EQ(percent.step, 5);
  const PlotAxis speed = axis_over(0, 15.8);
  EXPECT_EQ(speed.high, 20);
  EXPECT_EQ(speed.part(5), 0.25);
  EXPECT_NEAR(axis_over(0, 0.03).step, 0.005, 1e-12);
}

TEST(AxisOver, ASingleValueHasAnAxis) {
  const PlotAxis axis = axis_over(100, 100);
  EXPECT_LT(axis.low, axis.high);
  EXPECT_GT(axis.step, 0);
}

}  // namespace
}  // namespace unmask::cli
