#include "kernels/cuda/product_choice.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace unmask::kernels {
namespace {

using Times = std::vector<double>;

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

TEST(ProductChoiceTest, TheFastestAlgorithmIsChosenIfItIsFasterThanOwnKernels) {
  EXPECT_EQ(choose_product(100, Times{90, 30, 60}), 1u);
  EXPECT_EQ(choose_product(100, Times{30}), 0u);
}

TEST(ProductChoiceTest, OwnKernelsWinWithinAFewPercent) {
  EXPECT_EQ(choose_product(100, Times{120, 101}), std::nullopt);
  EXPECT_EQ(choose_product(100, Times{94}), std::nullopt);
  EXPECT_EQ(choose_product(100, Times{92}), 0u);
}

TEST(ProductChoiceTest, TheFastestIsFoundAmongThoseThatCouldBeMeasured) {
  EXPECT_EQ(fastest_of(Times{kNever, 90, 30, kNoNumber, 60}), 2u);
  EXPECT_EQ(fastest_of(Times{kNever, kNoNumber, 0}), std::nullopt);
  EXPECT_EQ(fastest_of(Times{}), std::nullopt);
}

TEST(ProductChoiceTest, OfEquallyFastOnesTheFirstIsChosen) {
  EXPECT_EQ(choose_product(100, Times{50, 40, 40}), 1u);
}

TEST(ProductChoiceTest, WhatCouldNotBeMeasuredIsNotChosen) {
  EXPECT_EQ(choose_product(100, Times{kNever, kNoNumber, 0, -1, 80}), 4u);
  EXPECT_EQ(choose_product(100, Times{kNever, kNoNumber, 0}), std::nullopt);
  EXPECT_EQ(choose_product(kNever, Times{1}), std::nullopt) << "nothing to compare with";
  EXPECT_EQ(choose_product(kNoNumber, Times{1}), std::nullopt);
  EXPECT_EQ(choose_product(100, Times{}), std::nullopt);
}

}  // namespace
}  // namespace unmask::kernels
