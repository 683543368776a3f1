#include "monitoring/prometheus_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace unmask::monitoring {
namespace {

using testing::HasSubstr;

constexpr double kBuckets[] = {1, 2};

TEST(PrometheusMetricsTest, TheSameNameAndLabelsAreTheSameHandle) {
  PrometheusMetrics metrics;
  Counter& first = metrics.counter("unmask_x_total", "X.", {{"op", "a"}});
  EXPECT_EQ(&first, &metrics.counter("unmask_x_total", "X.", {{"op", "a"}}));
  EXPECT_NE(&first, &metrics.counter("unmask_x_total", "X.", {{"op", "b"}}));
}

TEST(PrometheusMetricsTest, TheTextHasHelpTypeLabelsAndValues) {
  PrometheusMetrics metrics;
  metrics.counter("unmask_x_total", "What X is.", {{"op", "a"}}).add(2);
  metrics.gauge("unmask_y", "What Y is.", {}).set(0.5);
  metrics.histogram("unmask_z_seconds", "What Z is.", kBuckets, {}).observe(1.5);
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# HELP unmask_x_total What X is.\n# TYPE unmask_x_total counter\n"));
  EXPECT_THAT(text, HasSubstr("unmask_x_total{op=\"a\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("unmask_y 0.5\n"));
  EXPECT_THAT(text, HasSubstr("unmask_z_seconds_bucket{le=\"1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("unmask_z_seconds_bucket{le=\"2\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("unmask_z_seconds_bucket{le=\"+Inf\"} 1\n"));
}

}  // namespace
}  // namespace unmask::monitoring
