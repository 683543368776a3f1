#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "model/diffusion/cache_policies/plan.h"

namespace unmask::diffusion {

/// For block-causal attention, where it is exact: what stands before a block never changes again,
/// and neither do its keys and values.
///
/// They are written by the first forward of the block that follows, which computes the finished
/// block (at first the prompt) once more along with its own: no forward of its own is needed.
///
/// What is finished is computed in pieces of whole blocks if it is long: a prompt may have more
/// positions than a step has rows.
///
/// Source  LLaDA2.0's technical report; dInfer's BlockDiffusionLLM, with its prefill and commit
///         forwards fused into those that decode
struct BlockCache {
  struct State {
    std::int32_t cached_end = 0;  ///< positions before it are in the cache

    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "block";

  std::int32_t max_prefill = 2048;  ///< rows of a piece; no job says otherwise

  static void for_each_param(auto& /*params*/, auto /*visit*/) {}

  bool operator==(const BlockCache&) const = default;
};

constexpr MaxUse max_use(const BlockCache& params, std::int32_t num_positions,
                         std::int32_t block_length) noexcept {
  // What is finished, and the block that is decoded; or a piece, and that is never more.
  const std::int64_t most = std::int64_t(block_length) + std::max(params.max_prefill, block_length);
  return {.num_computed = std::int32_t(std::min<std::int64_t>(num_positions, most)),
          .num_cached = num_positions};
}

UNMASK_HOST_DEVICE inline Plan plan(const BlockCache& params, const PlanInput& input,
                                    BlockCache::State& state) noexcept {
  const Range finished{state.cached_end, input.block.begin};
  // A row sees its whole block, so that no piece may end within one.
  const std::int32_t length = input.block_length > 0 ? input.block_length : 1;
  const std::int32_t piece_end = (finished.begin + params.max_prefill) / length * length;
  if (finished.size() > params.max_prefill && piece_end > finished.begin) {
    const Range piece{finished.begin, piece_end};
    state.cached_end = piece_end;
    return {.phase = Phase::kPrefill,
            .computed = piece,
            .visible = {0, piece.begin},
            .written = piece,
            .decoded = {},
            .ends_call = false};
  }
  state.cached_end = input.block.begin;
  return {.phase = Phase::kDenoise,
          .computed = {finished.begin, input.block.end},
          .visible = {0, finished.begin},
          .written = finished,
          .decoded = input.block,
          .ends_call = true};
}

}  // namespace unmask::diffusion
