#pragma once

#include <string_view>

#include "model/diffusion/cache_policies/plan.h"

namespace unmask::diffusion {

/// Every forward computes the whole canvas. With full attention nothing else is exact.
struct NoCache {
  static constexpr std::string_view kName = "none";
  struct State {
    bool operator==(const State&) const = default;
  };

  static void for_each_param(auto& /*params*/, auto /*visit*/) {}

  bool operator==(const NoCache&) const = default;
};

constexpr MaxUse max_use(const NoCache& /*params*/, std::int32_t num_positions,
                         std::int32_t /*block_length*/) noexcept {
  return {.num_computed = num_positions, .num_cached = 0};
}

UNMASK_HOST_DEVICE inline Plan plan(const NoCache& /*params*/, const PlanInput& input,
                                    NoCache::State& /*state*/) noexcept {
  return uncached_plan(input);
}

}  // namespace unmask::diffusion
