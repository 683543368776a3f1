#include "runtime/simulation/recorded_metrics.h"

#include <gtest/gtest.h>

#include <array>

namespace unmask {
namespace {

TEST(RecordedMetricsTest, CounterSumsPerLabelValue) {
  RecordedMetrics metrics;
  metrics.counter("unmask_dead_letters_total", "", {{"reason", "full"}}).add();
  metrics.counter("unmask_dead_letters_total", "", {{"reason", "full"}}).add(2);
  metrics.counter("unmask_dead_letters_total", "", {{"reason", "closed"}}).add();
  EXPECT_EQ(metrics.value("unmask_dead_letters_total", {{"reason", "full"}}), 3);
  EXPECT_EQ(metrics.value("unmask_dead_letters_total", {{"reason", "closed"}}), 1);
  EXPECT_EQ(metrics.value("unmask_dead_letters_total"), 0);
}

TEST(RecordedMetricsTest, GaugeAndHistogramKeepWhatCameLast) {
  RecordedMetrics metrics;
  static constexpr std::array kBuckets{0.1, 1.0};
  metrics.gauge("unmask_mailbox_depth", "").set(4);
  metrics.gauge("unmask_mailbox_depth", "").set(2);
  metrics.histogram("unmask_job_queue_seconds", "", kBuckets).observe(0.5);
  metrics.histogram("unmask_job_queue_seconds", "", kBuckets).observe(0.25);
  EXPECT_EQ(metrics.value("unmask_mailbox_depth"), 2);
  EXPECT_EQ(metrics.value("unmask_job_queue_seconds"), 0.25);
  EXPECT_EQ(metrics.num_updates("unmask_job_queue_seconds"), 2u);
}

}  // namespace
}  // namespace unmask
