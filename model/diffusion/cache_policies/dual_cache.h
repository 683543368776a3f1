#pragma once

#include <string_view>

#include "model/diffusion/cache_policies/plan.h"

namespace unmask::diffusion {

/// All but the block keeps the keys and values of the last refresh, also what stands behind it.
///
/// Source  Fast-dLLM, arXiv:2505.22618, DualCache; refreshes as in dInfer
struct DualCache {
  using State = RefreshState;
  static constexpr std::string_view kName = "dual";

  std::int32_t cache_update_freq = 0;  ///< forwards per refresh inside a block; 0: none

  static void for_each_param(auto& params, auto visit) {
    visit(kCacheUpdateFreqParam, params.cache_update_freq);
  }

  bool operator==(const DualCache&) const = default;
};

constexpr MaxUse max_use(const DualCache& /*params*/, std::int32_t num_positions,
                         std::int32_t /*block_length*/) noexcept {
  return max_use_of_refresh(num_positions);
}

UNMASK_HOST_DEVICE inline Plan plan(const DualCache& params, const PlanInput& input,
                                    RefreshState& state) noexcept {
  if (next_is_refresh(params.cache_update_freq, input, state)) return refresh_plan(input, state);
  return cached_plan(input, input.block);
}

}  // namespace unmask::diffusion
