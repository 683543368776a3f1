#pragma once

#include <algorithm>
#include <string_view>

#include "model/diffusion/cache_policies/plan.h"

namespace unmask::diffusion {

/// The block and its vicinity are computed anew, all else keeps the keys and values of the last
/// refresh. The first forwards of a sequence, in which most changes, use no cache.
///
/// Source  dInfer, arXiv:2510.08666, vicinity KV-cache refresh
struct VicinityCache {
  struct State {
    RefreshState refresh;
    Range first_block;
    std::int32_t num_forwards = 0;  ///< of the sequence
    bool has_cache = false;

    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "vicinity";

  std::int32_t prefix_look = 16;       ///< positions before the block
  std::int32_t after_look = 16;        ///< positions behind it
  std::int32_t warmup_steps = 4;       ///< forwards
  std::int32_t cache_update_freq = 0;  ///< forwards per refresh inside a block; 0: none

  static void for_each_param(auto& params, auto visit) {
    visit(Param{"prefix_look", "computed anew before the block", {0, kMaxPositions}, "positions"},
          params.prefix_look);
    visit(Param{"after_look", "computed anew behind the block", {0, kMaxPositions}, "positions"},
          params.after_look);
    visit(Param{"warmup_steps",
                "without a cache at the start of a job",
                {0, kMaxPositions},
                "forwards"},
          params.warmup_steps);
    visit(kCacheUpdateFreqParam, params.cache_update_freq);
  }
  static void for_each_fieldless_param(auto visit) {
    visit(Param{"cache_type",
                "of no effect: what is outside the vicinity is kept on both sides of it"},
          OnlyChoice{"dual"});
  }

  bool operator==(const VicinityCache&) const = default;
};

/// dInfer's habits: the refresh behind the warm-up is not noted as one of its block, and the first
/// block of the sequence gets no other.
UNMASK_HOST_DEVICE inline bool dinfer_refreshes(const VicinityCache& params, const PlanInput& input,
                                                VicinityCache::State& state) noexcept {
  RefreshState& refresh = state.refresh;
  if (refresh.owes_cached_forward) {
    refresh.owes_cached_forward = false;
    return false;
  }
  const bool is_first_block = is_same(input.block, state.first_block);
  const bool is_new_block = !is_same(input.block, refresh.last_block);
  const bool is_due =
      params.cache_update_freq > 0 && state.num_forwards % params.cache_update_freq == 0;
  const bool was_empty = !state.has_cache;
  if (!was_empty) refresh.last_block = input.block;
  state.has_cache = true;
  refresh.owes_cached_forward = was_empty || (!is_first_block && (is_new_block || is_due));
  return refresh.owes_cached_forward;
}

constexpr MaxUse max_use(const VicinityCache& /*params*/, std::int32_t num_positions,
                         std::int32_t /*block_length*/) noexcept {
  return max_use_of_refresh(num_positions);
}

UNMASK_HOST_DEVICE inline Plan plan(const VicinityCache& params, const PlanInput& input,
                                    VicinityCache::State& state) noexcept {
  if (state.num_forwards == 0) state.first_block = input.block;
  const bool is_warming_up = state.num_forwards < params.warmup_steps;
  const bool is_refresh =
      !is_warming_up && (input.rules.vicinity_as_dinfer
                             ? dinfer_refreshes(params, input, state)
                             : next_is_refresh(params.cache_update_freq, input, state.refresh));
  ++state.num_forwards;
  if (is_warming_up) return uncached_plan(input);
  if (is_refresh) return refresh_plan(input, state.refresh);
  // Sums that cannot overflow: a look may be as long as an int.
  const std::int32_t before = std::min(params.prefix_look, input.block.begin);
  const std::int32_t behind = std::min(params.after_look, input.num_positions - input.block.end);
  return cached_plan(input, {input.block.begin - before, input.block.end + behind});
}

}  // namespace unmask::diffusion
