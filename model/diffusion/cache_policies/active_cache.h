#pragma once

#include <cstdint>
#include <string_view>

#include "model/diffusion/cache_policies/plan.h"

namespace unmask::diffusion {

/// Of the block only its holes and what was decided a few forwards ago are computed: windows shrink
/// as the block fills, which pays where every row costs, on CPUs. All else keeps its keys and
/// values: what is outside the block those of the last refresh, what is inside those of the last
/// forward that computed it.
///
/// A token's own keys and values are there only a forward after it was decided: the first of the
/// `settle` forwards that still compute it. With no end to them this is the dual cache.
///
/// Source  dKV-Cache, arXiv:2505.15781, whose delay is a settle of 1; over Fast-dLLM's DualCache
struct ActiveCache {
  using State = RefreshState;
  static constexpr std::string_view kName = "active";

  std::int32_t settle = 1;             ///< forwards, >= 1
  std::int32_t cache_update_freq = 0;  ///< forwards per refresh inside a block; 0: none

  static void for_each_param(auto& params, auto visit) {
    visit(Param{"settle",
                "so many forwards compute a token after it was decided; more: more exact, slower",
                {1, kMaxPositions},
                "forwards"},
          params.settle);
    visit(kCacheUpdateFreqParam, params.cache_update_freq);
  }

  bool operator==(const ActiveCache&) const = default;
};

constexpr MaxUse max_use(const ActiveCache& /*params*/, std::int32_t num_positions,
                         std::int32_t /*block_length*/) noexcept {
  return max_use_of_refresh(num_positions);
}

UNMASK_HOST_DEVICE inline Plan plan(const ActiveCache& params, const PlanInput& input,
                                    RefreshState& state) noexcept {
  if (next_is_refresh(params.cache_update_freq, input, state)) return refresh_plan(input, state);
  Plan plan = cached_plan(input, input.block);
  plan.written = input.block;
  plan.settle = params.settle;
  return plan;
}

}  // namespace unmask::diffusion
