#pragma once

#include <string_view>

#include "model/diffusion/cache_policies/plan.h"

namespace unmask::diffusion {

/// What stands before the block keeps the keys and values of the last refresh; the block and all
/// behind it are computed anew.
///
/// Source  Fast-dLLM, arXiv:2505.22618, prefix cache; refreshes as in dInfer
struct PrefixCache {
  using State = RefreshState;
  static constexpr std::string_view kName = "prefix";

  std::int32_t cache_update_freq = 0;  ///< forwards per refresh inside a block; 0: none

  static void for_each_param(auto& params, auto visit) {
    visit(kCacheUpdateFreqParam, params.cache_update_freq);
  }

  bool operator==(const PrefixCache&) const = default;
};

constexpr MaxUse max_use(const PrefixCache& /*params*/, std::int32_t num_positions,
                         std::int32_t /*block_length*/) noexcept {
  return max_use_of_refresh(num_positions);
}

UNMASK_HOST_DEVICE inline Plan plan(const PrefixCache& params, const PlanInput& input,
                                    RefreshState& state) noexcept {
  if (next_is_refresh(params.cache_update_freq, input, state)) return refresh_plan(input, state);
  Plan plan = cached_plan(input, {input.block.begin, input.num_positions});
  if (input.rules.prefix_is_appended_to) plan.visible = {0, input.block.begin};
  return plan;
}

}  // namespace unmask::diffusion
