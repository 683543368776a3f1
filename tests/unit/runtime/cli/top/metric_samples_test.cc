#include "runtime/cli/top/metric_samples.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(MetricSamplesTest, ReadsNamesLabelsAndValues) {
  const auto samples = parse_metrics(
      "# HELP a_total What it is.\n# TYPE a_total counter\na_total 3\n"
      "b{x=\"one\",y=\"two\"} 1.5e3 1700000000\n");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].name, "a_total");
  EXPECT_EQ(samples[0].value, 3);
  EXPECT_THAT(samples[1].labels, ElementsAre(Pair("x", "one"), Pair("y", "two")));
  EXPECT_EQ(samples[1].value, 1500);
}

TEST(MetricSamplesTest, LabelsMayHaveAnySign) {
  const auto samples = parse_metrics(R"(a{x="{\"},\\ \n"} 1)");
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].labels.at("x"), "{\"},\\ \n");
}

TEST(MetricSamplesTest, WhatIsNoSampleIsLeftOut) {
  for (const char* line :
       {"", "a", "a{", "a{x=\"1\"", "a{x=1} 2", "a{x=\"1} 2", "a b", " 1", "{} 1"}) {
    EXPECT_TRUE(parse_metrics(line).empty()) << line;
  }
}

TEST(MetricSamplesTest, SumsAllOfAName) {
  const auto samples = parse_metrics("a{x=\"1\"} 1\nb 5\na{x=\"2\"} 2\n");
  EXPECT_EQ(sum_of(samples, "a"), 3);
  EXPECT_EQ(sum_of(samples, "c"), 0);
}

}  // namespace
}  // namespace unmask::cli
