#include "actors/histogram_bounds.h"

#include <gmock/gmock.h>

namespace unmask::actors {
namespace {

using testing::ElementsAre;

TEST(HistogramBoundsTest, TheLastBoundIsTheLimit) {
  EXPECT_THAT(bounds_up_to(0.05, 3), ElementsAre(0.05, 0.1, 0.2, 0.5, 1, 2, 3));
  EXPECT_THAT(bounds_up_to(1, 10), ElementsAre(1, 2, 5, 10));
  EXPECT_EQ(bounds_up_to(0.001, 3600).back(), 3600);
}

TEST(HistogramBoundsTest, CountsLieInTheMiddleOfTheirBuckets) {
  EXPECT_THAT(count_bounds_up_to(1), ElementsAre(0.5, 1.5));
  EXPECT_THAT(count_bounds_up_to(8), ElementsAre(0.5, 1.5, 2.5, 3.5, 4.5, 6.5, 8.5));
  EXPECT_THAT(count_bounds_up_to(10), ElementsAre(0.5, 1.5, 2.5, 3.5, 4.5, 6.5, 8.5, 10.5));
}

}  // namespace
}  // namespace unmask::actors
