#include "tests/simulation/scenario.h"

#include <gmock/gmock.h>

#include <set>
#include <string_view>

#include "model/diffusion/alternatives.h"
#include "model/diffusion/job_params.h"

namespace unmask::simulation {
namespace {

using diffusion::CachePolicy;
using diffusion::Strategy;
using testing::UnorderedElementsAreArray;

constexpr std::uint64_t kFewSeeds = 50;

template <typename... Alternatives>
std::string_view name_of(const std::variant<Alternatives...>& choice) {
  return std::visit([]<typename Chosen>(const Chosen&) { return Chosen::kName; }, choice);
}

TEST(ScenarioTest, EveryStrategyAndCachePolicyIsDrawnWithCreditAndWithout) {
  std::set<std::string_view> strategies, with_credit, caches;
  for (std::uint64_t seed = 0; seed < kFewSeeds; ++seed) {
    for (const JobPlan& job : scenario_of(seed).jobs) {
      const auto params = diffusion::parse_job_params(job.parameters);
      ASSERT_TRUE(params) << params.error().message;
      (params->credit ? with_credit : strategies).insert(name_of(params->strategy));
      if (params->cache) caches.insert(name_of(*params->cache));
    }
  }
  EXPECT_THAT(strategies, UnorderedElementsAreArray(diffusion::names_of<Strategy>()));
  EXPECT_THAT(with_credit, UnorderedElementsAreArray(diffusion::names_of<Strategy>()));
  EXPECT_THAT(caches, UnorderedElementsAreArray(diffusion::names_of<CachePolicy>()));
}

TEST(ScenarioTest, HolesHaveTextBetweenAndBehindThemUnlessTheModelIsBlockCausal) {
  int num_between = 0, num_behind = 0;
  for (std::uint64_t seed = 0; seed < kFewSeeds; ++seed) {
    const Scenario scenario = scenario_of(seed);
    for (const JobPlan& job : scenario.jobs) {
      const Ranges& holes = job.input.holes;
      if (holes.empty()) continue;
      EXPECT_FALSE(scenario.model.vocabulary.is_block_causal) << "seed " << seed;
      num_between += holes.size() > 1;
      num_behind += holes.back().end < std::int32_t(job.input.tokens.size());
    }
  }
  EXPECT_GT(num_between, 0);
  EXPECT_GT(num_behind, 0);
}

TEST(ScenarioTest, OnlyADeadlyOneLosesAConnectionByAPartition) {
  int num_deadly = 0;
  for (std::uint64_t seed = 0; seed < kFewSeeds; ++seed) {
    const Scenario scenario = scenario_of(seed);
    num_deadly += scenario.is_deadly;
    EXPECT_EQ(scenario.network.silence.has_value(), scenario.is_deadly) << "seed " << seed;
  }
  EXPECT_GT(num_deadly, 0);
}

}  // namespace
}  // namespace unmask::simulation
