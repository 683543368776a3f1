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
/// Unfused, as the rule commits_blocks says, they have forwards of their own: a prefill of what
/// stands before the first block (of the first block, if that is nothing), and a commit of every
/// block whose last forward changed it. All others write those of their block too.
///
/// What is finished is computed in pieces of whole blocks if it is long: a prompt may have more
/// positions than a step has rows.
///
/// Source  LLaDA2.0's technical report; unfused, dInfer's BlockDiffusionLLM
struct BlockCache {
  struct State {
    std::int32_t cached_end = 0;  ///< positions before it are in the cache, as they last were
    bool is_lost = false;  ///< what was there is to be written again, without forwards of its own

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

/// The first piece of `finished`, or all of it: a row sees its whole block, so that no piece may
/// end within one.
UNMASK_HOST_DEVICE inline Range prefill_piece(const BlockCache& params, const PlanInput& input,
                                              Range finished) noexcept {
  const std::int32_t length = input.block_length > 0 ? input.block_length : 1;
  const std::int32_t piece_end = (finished.begin + params.max_prefill) / length * length;
  if (finished.size() <= params.max_prefill || piece_end <= finished.begin) return finished;
  return {finished.begin, piece_end};
}

UNMASK_HOST_DEVICE inline Plan prefill_plan(Range piece, BlockCache::State& state) noexcept {
  state.cached_end = piece.end;
  return {.phase = Phase::kPrefill,
          .computed = piece,
          .visible = {0, piece.begin},
          .written = piece,
          .decoded = {},
          .ends_call = false};
}

/// Computes what is finished along with the block.
UNMASK_HOST_DEVICE inline Plan fused_plan(const BlockCache& params, const PlanInput& input,
                                          BlockCache::State& state) noexcept {
  const Range finished{state.cached_end, input.block.begin};
  const Range piece = prefill_piece(params, input, finished);
  if (!is_same(piece, finished)) return prefill_plan(piece, state);
  state.cached_end = input.block.begin;
  return {.phase = Phase::kDenoise,
          .computed = {finished.begin, input.block.end},
          .visible = {0, finished.begin},
          .written = finished,
          .decoded = input.block,
          .ends_call = true};
}

UNMASK_HOST_DEVICE inline Plan unfused_plan(const BlockCache& params, const PlanInput& input,
                                            BlockCache::State& state) noexcept {
  const std::int32_t prompt_end = input.block.begin > 0 ? input.block.begin : input.block.end;
  if (state.cached_end < prompt_end) {
    return prefill_plan(prefill_piece(params, input, {state.cached_end, prompt_end}), state);
  }
  state.cached_end = input.block.end;
  return {.phase = Phase::kDenoise,
          .computed = input.block,
          .visible = {0, input.block.begin},
          .written = input.block,
          .decoded = input.block,
          .ends_call = true};
}

/// A forward of the finished block, whose K/V stay in the cache; nothing is decoded.
UNMASK_HOST_DEVICE inline Plan commit_plan(const PlanInput& input,
                                           BlockCache::State& state) noexcept {
  state.cached_end = input.block.end;
  return {.phase = Phase::kCommit,
          .computed = input.block,
          .visible = {0, input.block.begin},
          .written = input.block,
          .decoded = {},
          .ends_call = true};
}

UNMASK_HOST_DEVICE inline Plan plan(const BlockCache& params, const PlanInput& input,
                                    BlockCache::State& state) noexcept {
  if (input.rules.commits_blocks && !state.is_lost) return unfused_plan(params, input, state);
  Plan plan = fused_plan(params, input, state);
  state.is_lost = state.is_lost && !plan.ends_call;
  return plan;
}

}  // namespace unmask::diffusion
