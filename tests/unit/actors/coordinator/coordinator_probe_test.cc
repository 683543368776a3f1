#include "actors/coordinator/coordinator_probe.h"

#include "monitoring/prometheus_metrics.h"
#include "tests/unit/actors/coordinator/coordinator_fixture.h"

namespace unmask::actors {
namespace {

/// What the probe says after a coordinator has done its work.
class CoordinatorProbeTest : public CoordinatorFixture {
 protected:
  double value(std::string_view name, Labels labels = {}) {
    return bed.metrics().value(name, labels);
  }
  std::size_t num_updates(std::string_view name, Labels labels = {}) {
    return bed.metrics().num_updates(name, labels);
  }
};

TEST(CoordinatorProbeStartTest, EverySeriesIsThereBeforeAnythingHappens) {
  monitoring::PrometheusMetrics metrics;
  VirtualClock clock;
  const CoordinatorProbe probe(metrics, clock, {});
  const std::string text = metrics.text();
  for (const char* series : {"unmask_jobs_accepted_total 0\n",
                             "unmask_jobs_total{outcome=\"stop\"} 0\n",
                             "unmask_jobs_total{outcome=\"error\"} 0\n",
                             "unmask_admission_rejections_total{reason=\"queue_full\"} 0\n",
                             "unmask_admission_rejections_total{reason=\"unavailable\"} 0\n",
                             "unmask_forward_passes_total{phase=\"prefill\"} 0\n",
                             "unmask_forward_passes_total{phase=\"refresh\"} 0\n",
                             "unmask_forward_passes_total{phase=\"denoise\"} 0\n",
                             "unmask_forward_passes_total{phase=\"commit\"} 0\n",
                             "unmask_committed_tokens_total 0\n",
                             "unmask_prompt_tokens_total 0\n",
                             "unmask_canvas_positions_total 0\n",
                             "unmask_job_tokens_per_forward_count 0\n",
                             "unmask_tokens_per_step_count 0\n",
                             "unmask_steps_per_block_count 0\n",
                             "unmask_job_queue_seconds_count 0\n",
                             "unmask_time_to_first_block_seconds_count 0\n",
                             "unmask_block_commit_interval_seconds_count 0\n",
                             "unmask_job_duration_seconds_count 0\n",
                             "unmask_step_duration_seconds_count{phase=\"denoise\"} 0\n",
                             "unmask_batch_canvases_count 0\n",
                             "unmask_step_overhead_seconds_count 0\n",
                             "unmask_rank_skew_seconds 0\n",
                             "unmask_jobs_waiting 0\n",
                             "unmask_jobs_running 0\n",
                             "unmask_kv_pages{state=\"used\"} 0\n",
                             "unmask_kv_pages{state=\"free\"} 0\n",
                             "unmask_stale_messages_total 0\n",
                             "unmask_last_progress_timestamp_seconds 1577836800\n"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST(CoordinatorProbeStartTest, TheLastBoundsAreWhatTheLimitsAllow) {
  monitoring::PrometheusMetrics metrics;
  VirtualClock clock;
  const CoordinatorProbe probe(metrics, clock, {300, 45s});
  const std::string text = metrics.text();
  for (const char* series : {"unmask_job_duration_seconds_bucket{le=\"3600\"} 0\n",
                             "unmask_batch_canvases_bucket{le=\"300.5\"} 0\n",
                             "unmask_step_duration_seconds_bucket{phase=\"denoise\",le=\"45\"} 0\n",
                             "unmask_steps_per_block_bucket{le=\"4096.5\"} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST_F(CoordinatorProbeTest, AJobsTokensForwardsAndBlocksAreCounted) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 4));  // two blocks, each decided by one forward
  finish_step();
  finish_step();
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
  EXPECT_EQ(value("unmask_jobs_accepted_total"), 1);
  EXPECT_EQ(value("unmask_jobs_total", {{"outcome", "length"}}), 1);
  EXPECT_EQ(value("unmask_canvas_positions_total"), 4);
  EXPECT_EQ(value("unmask_committed_tokens_total"), 4);
  EXPECT_EQ(value("unmask_forward_passes_total", {{"phase", "refresh"}}), 2);
  EXPECT_EQ(value("unmask_job_tokens_per_forward"), 2);
  EXPECT_EQ(value("unmask_tokens_per_step"), 2);
  EXPECT_EQ(num_updates("unmask_tokens_per_step"), 2U);
  EXPECT_EQ(value("unmask_steps_per_block"), 1);
  EXPECT_EQ(num_updates("unmask_steps_per_block"), 2U);
}

TEST_F(CoordinatorProbeTest, AForwardCountsWhenItIsAnswered) {
  const auto num_forwards = [&] {
    return value("unmask_forward_passes_total", {{"phase", "refresh"}});
  };
  replica_up(0, 1);
  deliver(kGateway, job(1, 4));
  EXPECT_EQ(num_forwards(), 0);
  deliver(ReplicaDown{0, 1, "gone"});  // nobody will answer it
  EXPECT_EQ(num_forwards(), 0);
  replica_up(0, 2);
  deliver(kGateway, job(2, 4));
  deliver(kGateway, Cancel{job_id(2)});
  finish_step();
  EXPECT_EQ(num_forwards(), 1) << "it was computed, although nobody wants it any more";
}

TEST_F(CoordinatorProbeTest, TokensBehindTheEndOfTextAreNotCommittedTokens) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 4));
  StepResult result = answer(last_step());
  result.sequences[0].candidates.token[1] = kEos;
  deliver(worker(0, 0), result);
  EXPECT_EQ(finished(1).reason, FinishReason::kStop);
  EXPECT_EQ(value("unmask_committed_tokens_total"), 1);
  EXPECT_EQ(value("unmask_canvas_positions_total"), 4);
  EXPECT_EQ(value("unmask_job_tokens_per_forward"), 1);
}

TEST_F(CoordinatorProbeTest, TimesAreThoseThatPassed) {
  deliver(kGateway, job(1, 4));
  bed.advance(3s);
  replica_up(0, 1);
  bed.advance(250ms);
  finish_step();
  bed.advance(500ms);
  finish_step();
  EXPECT_EQ(value("unmask_job_queue_seconds"), 3);
  EXPECT_EQ(value("unmask_time_to_first_block_seconds"), 3.25);
  EXPECT_EQ(num_updates("unmask_time_to_first_block_seconds"), 1U);
  EXPECT_EQ(value("unmask_block_commit_interval_seconds"), 0.5);
  EXPECT_EQ(num_updates("unmask_block_commit_interval_seconds"), 1U);
  EXPECT_EQ(value("unmask_step_duration_seconds", {{"phase", "refresh"}}), 0.5);
  EXPECT_EQ(value("unmask_job_duration_seconds"), 3.75);
}

TEST_F(CoordinatorProbeTest, ProgressIsToldInUnixTimeAtEveryStep) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 4));
  const double start = value("unmask_last_progress_timestamp_seconds");
  bed.advance(7s);
  EXPECT_EQ(value("unmask_last_progress_timestamp_seconds"), start);
  finish_step();
  EXPECT_EQ(value("unmask_last_progress_timestamp_seconds"), start + 7);
}

TEST_F(CoordinatorProbeTest, WhereNothingWasToBeDoneNothingWasLate) {
  deliver(MembersChanged{});  // there is a coordinator, and no replica
  const double start = value("unmask_last_progress_timestamp_seconds");
  bed.advance(1h);
  deliver(kGateway, job(1, 4));
  EXPECT_EQ(value("unmask_last_progress_timestamp_seconds"), start + 3600);
  bed.advance(60s);
  deliver(kGateway, job(2, 4));
  EXPECT_EQ(value("unmask_last_progress_timestamp_seconds"), start + 3600) << "it waits already";
}

TEST_F(CoordinatorProbeTest, ASlowRankShowsAsSkew) {
  replica_up(0, 1, 2);
  deliver(kGateway, job(1, 4));
  const StepResult result = answer(last_step());
  deliver(worker(0, 1), result);
  bed.advance(40ms);
  deliver(worker(0, 0), result);
  EXPECT_DOUBLE_EQ(value("unmask_rank_skew_seconds"), 0.04);
}

TEST_F(CoordinatorProbeTest, TheBatchAndTheKvPagesAreThoseInUse) {
  options.max_running = 2;
  replica_up(0, 1, 1, {100, 16, 400, 400, 0, 0});
  for (int i = 1; i <= 3; ++i) deliver(kGateway, job(i, 4));
  EXPECT_EQ(value("unmask_jobs_running"), 2);
  EXPECT_EQ(value("unmask_jobs_waiting"), 1);
  EXPECT_EQ(value("unmask_kv_pages", {{"state", "used"}}), 2);
  EXPECT_EQ(value("unmask_kv_pages", {{"state", "free"}}), 98);
  finish_step();  // of job 1 alone, which came first
  EXPECT_EQ(value("unmask_batch_canvases"), 1);
  finish_step();
  EXPECT_EQ(value("unmask_batch_canvases"), 2);
}

TEST_F(CoordinatorProbeTest, WhatIsOfAnotherEpochIsCounted) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  StepResult late = answer(last_step());
  late.epoch = 77;
  deliver(worker(0, 0), late);
  EXPECT_EQ(value("unmask_stale_messages_total"), 1);
}

TEST_F(CoordinatorProbeTest, AMailboxShowsWhatWaitsInItAndRestartsAreCountedBeforeThereIsOne) {
  start();
  EXPECT_EQ(value("unmask_actor_restarts_total", {{"actor_type", "coordinator"}}), 0);
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(coordinator->ref<Incoming<Admit>>().send({kGateway, job(i)}));
  }
  EXPECT_EQ(value("unmask_actor_mailbox_depth", {{"actor_type", "coordinator"}}), 3);
  bed.settle();
  EXPECT_EQ(value("unmask_actor_mailbox_depth", {{"actor_type", "coordinator"}}), 0);
}

}  // namespace
}  // namespace unmask::actors
