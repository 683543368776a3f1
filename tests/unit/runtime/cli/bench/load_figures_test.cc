#include "runtime/cli/bench/load_figures.h"

#include <gmock/gmock.h>

#include "tests/unit/runtime/cli/bench/measured_load.h"

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(LoadFiguresTest, OnlyWhatSucceededCounts) {
  const LoadFigures figures = three_requests().figures;
  EXPECT_EQ(figures.num_good, 2u);
  EXPECT_EQ(figures.num_failed, 1u);
  EXPECT_THAT(figures.failures, ElementsAre(Pair("the queue is full", 1u)));
  EXPECT_EQ(figures.prompt_tokens, 7);
  EXPECT_EQ(figures.tokens, 16);
}

TEST(LoadFiguresTest, RatesAreOfTheWholeLoad) {
  const LoadFigures figures = three_requests().figures;
  EXPECT_DOUBLE_EQ(figures.duration_s, 2);
  EXPECT_DOUBLE_EQ(figures.requests_per_s, 1);
  EXPECT_DOUBLE_EQ(figures.good_requests_per_s.value(), 0.5);
  EXPECT_DOUBLE_EQ(figures.tokens_per_s, 8);
  EXPECT_DOUBLE_EQ(figures.all_tokens_per_s, 11.5);
  EXPECT_DOUBLE_EQ(figures.peak_tokens_per_s, 11) << "in the second second: 5 and 6";
  EXPECT_EQ(figures.peak_in_flight, 2u);
}

TEST(LoadFiguresTest, LatenciesAreOfAllThatSucceeded) {
  const LoadFigures figures = three_requests().figures;
  ASSERT_EQ(figures.latencies.size(), 4u);
  EXPECT_DOUBLE_EQ(figures.latencies[0].milliseconds.mean, 200);
  EXPECT_DOUBLE_EQ(figures.latencies[1].milliseconds.mean, 625);
  EXPECT_DOUBLE_EQ(figures.latencies[2].milliseconds.mean, 500) << "one interval";
  EXPECT_DOUBLE_EQ(figures.latencies[3].milliseconds.median, 1125);
}

TEST(LoadFiguresTest, DenoisingIsCountedFromTheJobs) {
  const auto diffusion = three_requests().figures.diffusion;
  ASSERT_TRUE(diffusion);
  EXPECT_DOUBLE_EQ(diffusion->tokens_per_s, 8);
  EXPECT_DOUBLE_EQ(diffusion->steps_per_canvas, 8.0 / 3);
  EXPECT_DOUBLE_EQ(diffusion->tokens_per_step, 2);
  EXPECT_EQ(diffusion->tokens, 16);
  EXPECT_EQ(diffusion->steps, 8);
  EXPECT_DOUBLE_EQ(diffusion->positions.value(), 64);
}

TEST(LoadFiguresTest, WhatAServerDoesNotTellIsNotThere) {
  std::vector<RequestRecord> records = three_records();
  for (RequestRecord& record : records) {
    record.positions = 0;
    record.end.queue_s.reset();
  }
  LoadFigures figures = figures_of(records, {}, {});
  EXPECT_FALSE(figures.diffusion->positions);
  EXPECT_EQ(figures.latencies.size(), 3u) << "no queue time";
  EXPECT_FALSE(figures.good_requests_per_s);
  for (RequestRecord& record : records) record.end.forwards = 0;
  EXPECT_FALSE(figures_of(records, {}, {}).diffusion);
}

TEST(LoadFiguresTest, NoRequestIsNoFigure) {
  const LoadFigures figures = figures_of({}, {}, {});
  EXPECT_EQ(figures.tokens_per_s, 0);
  EXPECT_TRUE(figures.latencies.empty());
}

}  // namespace
}  // namespace unmask::cli
