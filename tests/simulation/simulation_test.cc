#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tests/simulation/seeds.h"
#include "tests/simulation/simulated_run.h"

namespace unmask::simulation {
namespace {

constexpr std::uint64_t kTwiceOneIn = 25;        // seeds that run twice
constexpr std::uint64_t kEnoughForShares = 100;  // seeds from which shares mean something

/// What many seeds did.
struct Totals {
  std::uint64_t seeds = 0, failed = 0, calm = 0, deadly = 0, with_joins = 0, golden = 0;
  std::uint64_t steps = 0, events = 0, deaths = 0, lost_jobs = 0;

  void add(const SimulatedRun& run) {
    ++seeds;
    failed += !run.violations.empty();
    (run.history.deaths.empty() ? calm : deadly) += 1;
    with_joins += run.history.devices.mid_block_joins > 0;
    golden += run.scenario.is_golden;
    steps += run.history.devices.steps;
    events += run.history.events;
    deaths += run.history.deaths.size();
    for (const auto& [id, job] : run.history.jobs) {
      lost_jobs += !job.ends.empty() && job.ends.front().reason == actors::FinishReason::kError;
    }
  }
};

void print(const Totals& totals, double seconds) {
  std::printf(
      "%llu seeds in %.1f s (%.1f seeds/s): %llu failed, %llu declared nobody dead, %llu did (%llu "
      "workers, %llu jobs lost), %llu joined in the middle of a block, %llu ran a real model; "
      "%llu steps, %llu events\n",
      static_cast<unsigned long long>(totals.seeds), seconds, double(totals.seeds) / seconds,
      static_cast<unsigned long long>(totals.failed), static_cast<unsigned long long>(totals.calm),
      static_cast<unsigned long long>(totals.deadly),
      static_cast<unsigned long long>(totals.deaths),
      static_cast<unsigned long long>(totals.lost_jobs),
      static_cast<unsigned long long>(totals.with_joins),
      static_cast<unsigned long long>(totals.golden), static_cast<unsigned long long>(totals.steps),
      static_cast<unsigned long long>(totals.events));
}

void expect_sound(const SimulatedRun& run) {
  if (run.violations.empty()) return;
  std::string all;
  for (const std::string& sentence : run.violations) all += "\n  " + sentence;
  ADD_FAILURE() << "seed " << run.scenario.seed << ":" << all
                << "\nreplay: UNMASK_SIM_SEED=" << run.scenario.seed
                << " build/release/tests/simulation/simulation_tests";
}

/// One of the two halves of the seeds, so that two cores can share them.
class SimulationTest : public testing::TestWithParam<int> {};

TEST_P(SimulationTest, EveryJobEndsOnceAndAsItWouldAlone) {
  Seeds seeds = seeds_of_part(std::uint64_t(GetParam()), 2);
  if (const auto single = single_seed()) seeds = {*single, GetParam() == 0 ? 1u : 0u};
  const SteadyClock clock;
  const Time start = clock.now();
  Simulator simulator;
  Totals totals;
  for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    const SimulatedRun run = simulator.run(seed);
    expect_sound(run);
    totals.add(run);
    if (seed % kTwiceOneIn == 0) {
      EXPECT_EQ(simulator.run(seed).history.trace, run.history.trace)
          << "seed " << seed << " is not the same run twice";
    }
  }
  if (totals.seeds == 0) return;
  print(totals, std::chrono::duration<double>(clock.now() - start).count());
  if (totals.seeds < kEnoughForShares) return;
  EXPECT_GE(totals.calm * 10, totals.seeds * 8) << "of ten seeds, eight declare nobody dead";
  EXPECT_GE(totals.deadly * 10, totals.seeds) << "of ten seeds, one declares somebody dead";
  EXPECT_GE(totals.with_joins * 2, totals.seeds);
  EXPECT_GT(totals.golden, 0u);
}

INSTANTIATE_TEST_SUITE_P(Halves, SimulationTest, testing::Values(0, 1));

}  // namespace
}  // namespace unmask::simulation
