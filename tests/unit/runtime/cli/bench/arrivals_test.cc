#include "runtime/cli/bench/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace unmask::cli {
namespace {

constexpr double kNoBound = std::numeric_limits<double>::infinity();

/// Of the intervals: their deviation, relative to their mean.
double variation(const std::vector<double>& times) {
  const double mean = times.back() / double(times.size());
  double sum = 0, before = 0;
  for (const double time : times) {
    sum += (time - before - mean) * (time - before - mean);
    before = time;
  }
  return std::sqrt(sum / double(times.size())) / mean;
}

TEST(ArrivalsTest, WithoutARateAllComeAtOnce) {
  const auto times = arrivals_of({.num_requests = 3, .rate = kNoBound});
  EXPECT_EQ(times, std::vector<double>(3, 0));
}

TEST(ArrivalsTest, TheLastOneComesWhenTheRateSays) {
  const auto times = arrivals_of({.num_requests = 200, .rate = 4, .seed = 7});
  EXPECT_NEAR(times.back(), 50, 1e-9);
  EXPECT_TRUE(std::ranges::is_sorted(times));
  EXPECT_GT(times.front(), 0);
}

TEST(ArrivalsTest, APlanIsItsSeed) {
  const ArrivalPlan plan{.num_requests = 50, .rate = 10, .seed = 1};
  ArrivalPlan other = plan;
  other.seed = 2;
  EXPECT_EQ(arrivals_of(plan), arrivals_of(plan));
  EXPECT_NE(arrivals_of(plan), arrivals_of(other));
}

TEST(ArrivalsTest, BurstinessIsTheShapeOfTheIntervals) {
  // A gamma distribution of shape k varies by 1 / sqrt(k).
  for (const double shape : {0.25, 1.0, 16.0}) {
    const auto times =
        arrivals_of({.num_requests = 20'000, .rate = 5, .burstiness = shape, .seed = 3});
    EXPECT_NEAR(variation(times), 1 / std::sqrt(shape), 0.1 / std::sqrt(shape)) << shape;
  }
}

}  // namespace
}  // namespace unmask::cli
