#include "runtime/cli/bench/percentile.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(PercentileTest, LiesBetweenTheTwoNearest) {
  const std::vector<double> sorted{10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(percentile(sorted, 0), 10);
  EXPECT_DOUBLE_EQ(percentile(sorted, 50), 25);
  EXPECT_DOUBLE_EQ(percentile(sorted, 90), 37);
  EXPECT_DOUBLE_EQ(percentile(sorted, 100), 40);
  EXPECT_DOUBLE_EQ(percentile(std::vector<double>{5}, 99), 5);
}

TEST(PercentileTest, ADistributionTakesValuesInAnyOrder) {
  const std::vector<double> percents{50, 100};
  const auto distribution = distribution_of({3, 1, 8}, percents);
  ASSERT_TRUE(distribution);
  EXPECT_DOUBLE_EQ(distribution->mean, 4);
  EXPECT_DOUBLE_EQ(distribution->median, 3);
  EXPECT_THAT(distribution->percentiles, ElementsAre(Pair(50, 3), Pair(100, 8)));
  EXPECT_FALSE(distribution_of({}, percents));
}

TEST(PercentileTest, ReadsAListAndNamesWhatIsNoPercent) {
  EXPECT_THAT(*parse_percents("50,99.9"), ElementsAre(50, 99.9));
  for (const char* wrong : {"50,101", "fifty", "50,", ",50", "-1", "nan"}) {
    const auto parsed = parse_percents(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_THAT(parsed.error().message, HasSubstr("is no number from 0 to 100")) << wrong;
  }
}

TEST(PercentileTest, AName) {
  EXPECT_EQ(percent_name(99), "99");
  EXPECT_EQ(percent_name(99.9), "99.9");
}

}  // namespace
}  // namespace unmask::cli
