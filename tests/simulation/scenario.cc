#include "tests/simulation/scenario.h"

#include <algorithm>
#include <optional>

#include "model/cache/kv_pages.h"
#include "runtime/base/rng.h"
#include "tests/simulation/between.h"
#include "tests/simulation/draw_parameters.h"
#include "tests/simulation/golden_forward.h"
#include "tests/simulation/hash_model.h"

namespace unmask::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kScenarioStream = 0x7363656e;
constexpr std::uint64_t kGoldenOneIn = 50;
constexpr double kDeadly = 0.15;      // share of seeds
constexpr double kBlockCausal = 0.2;  // of the seeds with a hash
constexpr Duration kJobsArriveWithin = 3s;
constexpr std::int32_t kFirstTokens = 190;  // of a prompt; below every special id

/// Runs of holes with given tokens between them, behind the last one too more often than not; about
/// `gen_length` positions in all.
actors::TokenInput draw_infilling(Rng& rng, actors::TokenInput input, std::int32_t gen_length) {
  for (std::int32_t left = gen_length; left > 0;) {
    const std::int32_t length = between(rng, 1, left);
    const auto begin = std::int32_t(input.tokens.size());
    input.tokens.resize(input.tokens.size() + std::size_t(length));
    input.holes.push_back({begin, begin + length});
    left -= length;
    if (left == 0 && rng.chance(0.4)) break;
    const std::int32_t given = between(rng, 1, 8);
    for (std::int32_t i = 0; i < given; ++i) {
      input.tokens.push_back(between(rng, 0, kFirstTokens - 1));
    }
    left -= given;
  }
  return input;
}

/// Tokens that no hole has, and whole texts for the first run of holes, the shorter ones ended by
/// EOS.
diffusion::HoleRules draw_rules(Rng& rng, const Ranges& holes) {
  diffusion::HoleRules rules;
  for (std::int32_t id = between(rng, 0, 8); id < kFirstTokens; id += between(rng, 1, 60)) {
    rules.never_chosen.push_back(id);
  }
  diffusion::ChoiceRule rule{holes.front(), {}};
  for (int i = between(rng, 1, 4); i > 0; --i) {
    const std::int32_t length = between(rng, 1, rule.positions.size());
    for (std::int32_t p = 0; p < rule.positions.size(); ++p) {
      rule.choices.push_back(p < length ? between(rng, 0, kFirstTokens - 1) : diffusion::kEndOfRun);
    }
  }
  rules.choices.push_back(std::move(rule));
  return rules;
}

JobPlan draw_job(Rng& rng, int number, const Scenario& scenario) {
  const bool is_golden = scenario.is_golden;
  JobPlan job;
  for (std::uint8_t& byte : job.id.bytes) byte = std::uint8_t(rng.below(256));
  const std::int32_t prompt = between(rng, 1, is_golden ? 12 : 40);
  const std::int32_t gen_length = between(rng, 4, is_golden ? 24 : 72);
  for (std::int32_t i = 0; i < prompt; ++i) {
    job.input.tokens.push_back(between(rng, 0, kFirstTokens - 1));
  }
  // Holes of a block-causal model cannot see the text behind them, which is refused.
  const bool may_infill = !scenario.model.vocabulary.is_block_causal;
  if (may_infill && rng.chance(0.25)) job.input = draw_infilling(rng, job.input, gen_length);
  if (!job.input.holes.empty() && rng.chance(0.4)) {
    job.input.rules = draw_rules(rng, job.input.holes);
  }
  job.parameters = draw_parameters(rng, gen_length, job.input, scenario.model, scenario.capacity);
  job.client = number % Scenario::kNumClients;
  job.arrival = rng.chance(0.3) ? Duration::zero() : between(rng, 0s, kJobsArriveWithin);
  if (rng.chance(0.04)) job.cancel = between(rng, 0s, 1s);
  return job;
}

void add_calm_faults(Rng& rng, Scenario& scenario) {
  using enum Fault::Kind;
  const auto maybe = [&](double probability, Fault::Kind kind, int num_targets, Duration longest) {
    while (rng.chance(probability)) {
      const Duration at = between(rng, 100ms, 6s);
      const int target = num_targets == 0 ? 0 : between(rng, 0, num_targets - 1);
      scenario.faults.push_back({kind, at, target, between(rng, 50ms, longest)});
    }
  };
  maybe(0.5, kCutClient, Scenario::kNumClients, 1s);
  maybe(0.3, kCutGateway, 0, 1s);
  maybe(0.15, kRestartGateway, 0, 2s);
  maybe(0.3, kPartition, scenario.num_workers(), 1s);
  maybe(0.2, kStallDevice, scenario.num_workers(), 3s);
  if (rng.chance(0.08))
    scenario.faults.push_back({kRestartCoordinator, between(rng, 1s, 5s), 0, 1s});
}

void add_deadly_faults(Rng& rng, Scenario& scenario) {
  using enum Fault::Kind;
  const int count = between(rng, 1, 3);
  for (int i = 0; i < count; ++i) {
    const Fault::Kind kind = rng.chance(0.6)   ? kKillWorker
                             : rng.chance(0.5) ? kPartition
                                               : kCutWorker;
    const Duration longest = kind == kPartition ? 8s : 3s;
    scenario.faults.push_back({kind, between(rng, 300ms, 5s),
                               between(rng, 0, scenario.num_workers() - 1),
                               between(rng, kind == kPartition ? 5s : Duration(100ms), longest)});
  }
}

}  // namespace

Scenario scenario_of(std::uint64_t seed) {
  Rng rng(seed, kScenarioStream);
  Scenario scenario;
  scenario.seed = seed;
  scenario.is_golden = seed % kGoldenOneIn == 0;
  scenario.model = scenario.is_golden ? golden_for_jobs() : HashModel::for_jobs();
  scenario.model.vocabulary.is_block_causal = !scenario.is_golden && rng.chance(kBlockCausal);
  scenario.is_deadly = rng.chance(kDeadly);
  if (rng.chance(0.5)) {
    scenario.num_replicas = 2;
    scenario.group_size = 2;
  }
  scenario.capacity = {
      between(rng, 20, 60),  cache::kPagePositions, between(rng, 120, 400), 256, 1, 1,
      Scenario::kNumSoftRows};
  scenario.max_running = std::size_t(between(rng, 3, 12));

  NetworkOptions& network = scenario.network;
  network.delay = between(rng, 50us, rng.chance(0.3) ? Duration(20ms) : Duration(2ms));
  network.loss = rng.chance(0.5) ? 0.0 : 0.05 * rng.uniform();
  // Only deadly seeds lose a connection by a partition: it ends the worker.
  network.silence = scenario.is_deadly ? std::optional<Duration>(4s) : std::nullopt;
  scenario.forward = between(rng, 1ms, 40ms);

  for (int i = 0; i < Scenario::kNumJobs; ++i) {
    scenario.jobs.push_back(draw_job(rng, i, scenario));
  }
  add_calm_faults(rng, scenario);
  if (scenario.is_deadly) add_deadly_faults(rng, scenario);
  std::ranges::sort(scenario.faults, {}, &Fault::at);
  if (rng.chance(0.6)) scenario.burst = between(rng, 2, 12);
  return scenario;
}

}  // namespace unmask::simulation
