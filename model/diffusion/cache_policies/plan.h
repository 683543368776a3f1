/// What a cache policy says of the next forward.

#pragma once

#include <cstdint>

#include "model/diffusion/compat.h"
#include "model/diffusion/host_device.h"
#include "model/diffusion/param.h"
#include "model/step.h"

namespace unmask::diffusion {

/// Of the policies that refresh; 0: none inside a block.
inline constexpr Param kCacheUpdateFreqParam{
    "cache_update_freq",
    "a refresh every so many forwards of a block, beside the one on entering it",
    {1, kMaxPositions},
    "forwards",
    Unset::kByDefault};

/// The canvas as a policy sees it.
struct PlanInput {
  Range block;
  std::int32_t num_positions = 0;
  RefreshRules rules;
  std::int32_t block_length = 0;  ///< of all blocks but, perhaps, the last
};

/// A Window before it is spread over rows: one range per set, empty = none.
struct Plan {
  Phase phase = Phase::kDenoise;
  Range computed;
  Range visible;
  Range written;
  Range decoded;          ///< of these, the loop asks for the rows that the strategy looks at
  bool ends_call = true;  ///< false: the next forward comes whatever this one brings
  /// > 0: of `computed` and `written` only positions that may be holes, or changed within the last
  /// so many forwards, of which entering the block counts as one; all where there is none. 0: all.
  std::int32_t settle = 0;

  bool operator==(const Plan&) const = default;
};

/// Of one sequence, for the policies that refresh.
struct RefreshState {
  Range last_block;
  std::int32_t count = 0;  ///< what cache_update_freq divides
  bool owes_cached_forward = false;

  bool operator==(const RefreshState&) const = default;
};

/// What a sequence takes at most.
struct MaxUse {
  std::int32_t num_computed = 0;  ///< rows of a forward
  std::int32_t num_cached = 0;    ///< positions whose K/V are kept
  std::int32_t num_soft = 0;      ///< positions whose soft rows are; no policy's business

  bool operator==(const MaxUse&) const = default;
};

/// Of the policies that refresh: a refresh computes and keeps all positions.
constexpr MaxUse max_use_of_refresh(std::int32_t num_positions) noexcept {
  return {num_positions, num_positions, 0};
}

UNMASK_HOST_DEVICE inline bool is_same(Range a, Range b) noexcept {
  return a.begin == b.begin && a.end == b.end;
}

/// Whether the next forward is a refresh: on entering a block, and whenever `cache_update_freq`
/// (0: never) divides the count.
UNMASK_HOST_DEVICE inline bool next_is_refresh(std::int32_t cache_update_freq,
                                               const PlanInput& input,
                                               RefreshState& state) noexcept {
  if (state.owes_cached_forward) {
    state.owes_cached_forward = false;
    if (input.rules.counter == RefreshCounter::kForwardsOfSequence) ++state.count;
    return false;
  }
  const bool is_new_block = !is_same(input.block, state.last_block);
  if (is_new_block && input.rules.counter == RefreshCounter::kForwardsOfBlock) state.count = 0;
  const bool is_due = cache_update_freq > 0 && state.count % cache_update_freq == 0;
  state.last_block = input.block;
  ++state.count;
  const bool is_refresh = is_new_block || is_due;
  state.owes_cached_forward = is_refresh && input.rules.cached_forward_follows;
  return is_refresh;
}

/// A full forward that neither reads nor changes the cache.
UNMASK_HOST_DEVICE inline Plan uncached_plan(const PlanInput& input) noexcept {
  return {.phase = Phase::kDenoise,
          .computed = {0, input.num_positions},
          .visible = {},
          .written = {},
          .decoded = input.block,
          .ends_call = true};
}

/// A full forward whose K/V stay in the cache; it is decoded like any other.
UNMASK_HOST_DEVICE inline Plan refresh_plan(const PlanInput& input,
                                            const RefreshState& state) noexcept {
  const Range whole{0, input.num_positions};
  return {.phase = Phase::kRefresh,
          .computed = whole,
          .visible = {},
          .written = whole,
          .decoded = input.block,
          .ends_call = !state.owes_cached_forward};
}

/// A forward of `computed` over the cache of the last refresh, which it leaves as it is.
UNMASK_HOST_DEVICE inline Plan cached_plan(const PlanInput& input, Range computed) noexcept {
  return {.phase = Phase::kDenoise,
          .computed = computed,
          .visible = {0, input.num_positions},
          .written = {},
          .decoded = input.block,
          .ends_call = true};
}

}  // namespace unmask::diffusion
