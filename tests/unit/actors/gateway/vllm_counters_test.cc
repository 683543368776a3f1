#include "actors/gateway/vllm_counters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "runtime/simulation/recorded_metrics.h"

namespace unmask::actors {
namespace {

/// What `vllm bench serve` prints of the counters' growth, by its published arithmetic.
struct Printed {
  double committed = 0;
  double denoising_steps = 0;
  double steps_per_canvas = 0;
  double committed_per_step = 0;
};

Printed printed_of(RecordedMetrics& metrics) {
  const auto grown = [&](const std::string& name) {
    return metrics.value("vllm:diffusion_num_" + name + "_total",
                         {{"model_name", "tiny"}, {"engine", "0"}});
  };
  const double committed = grown("committed_tokens");
  const double canvas_length = grown("canvas_positions") / grown("denoising_steps");
  const double num_canvases = committed / canvas_length;
  const double denoising_steps = grown("denoising_steps") - num_canvases;
  return {committed, denoising_steps, denoising_steps / num_canvases, committed / denoising_steps};
}

TEST(VllmCountersTest, WholeBlocksArePrintedAsTheyWere) {
  RecordedMetrics metrics;
  VllmCounters counters(metrics, "tiny");
  counters.job_ended({.tokens = 64, .forwards = 18, .blocks = 2}, 32);
  counters.job_ended({.tokens = 128, .forwards = 30, .blocks = 4}, 32);
  const Printed printed = printed_of(metrics);
  EXPECT_EQ(printed.committed, 192);
  EXPECT_EQ(printed.denoising_steps, 48);
  EXPECT_EQ(printed.steps_per_canvas, 8);
  EXPECT_EQ(printed.committed_per_step, 4);
}

TEST(VllmCountersTest, TokensPerForwardAreOursWhereverBlocksEnd) {
  RecordedMetrics metrics;
  VllmCounters counters(metrics, "tiny");
  double tokens = 0, forwards = 0;
  for (int job = 1; job <= 200; ++job) {
    const JobFigures figures{.tokens = job * 7 % 61, .forwards = 1 + job % 9};
    counters.job_ended(figures, 32);
    tokens += figures.tokens;
    forwards += figures.forwards;
  }
  const Printed printed = printed_of(metrics);
  EXPECT_EQ(printed.committed, tokens);
  EXPECT_NEAR(printed.denoising_steps, forwards, 1);
  EXPECT_NEAR(printed.committed_per_step, tokens / forwards, .01);
}

TEST(VllmCountersTest, TheyAreWholeNumbersAndThereFromTheStart) {
  RecordedMetrics metrics;
  VllmCounters counters(metrics, "tiny");
  for (int job = 0; job <= 5; ++job) {
    for (const char* name : {"denoising_steps", "canvas_positions", "committed_tokens"}) {
      const double value = metrics.value("vllm:diffusion_num_" + std::string(name) + "_total",
                                         {{"model_name", "tiny"}, {"engine", "0"}});
      EXPECT_EQ(value, std::floor(value)) << name;
    }
    counters.job_ended({.tokens = 5, .forwards = 2}, 3);
  }
}

TEST(VllmCountersTest, AJobThatBroughtNothingCostsWhatItCost) {
  RecordedMetrics metrics;
  VllmCounters counters(metrics, "tiny");
  counters.job_ended({}, 32);
  counters.job_ended({.tokens = 0, .forwards = 3}, 32);
  EXPECT_EQ(metrics.value("vllm:diffusion_num_denoising_steps_total",
                          {{"model_name", "tiny"}, {"engine", "0"}}),
            3);
}

}  // namespace
}  // namespace unmask::actors
