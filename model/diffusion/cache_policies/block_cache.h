#pragma once

#include <string_view>

#include "model/diffusion/cache_policies/plan.h"

namespace unmask::diffusion {

/// For block-causal attention, where it is exact: what stands before a block never changes again,
/// and neither do its keys and values.
///
/// They are written by the first forward of the block that follows, which computes the finished
/// block (at first the prompt) once more along with its own: no forward of its own is needed.
///
/// Source  LLaDA2.0's technical report; dInfer's BlockDiffusionLLM, with its prefill and commit
///         forwards fused into those that decode
struct BlockCache {
  struct State {
    std::int32_t cached_end = 0;  ///< positions before it are in the cache

    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "block";

  static void for_each_param(auto& /*params*/, auto /*visit*/) {}

  bool operator==(const BlockCache&) const = default;
};

constexpr std::int32_t num_cached(const BlockCache& /*params*/,
                                  std::int32_t num_positions) noexcept {
  return num_positions;
}

UNMASK_HOST_DEVICE inline Plan plan(const BlockCache& /*params*/, const PlanInput& input,
                                    BlockCache::State& state) noexcept {
  const Range finished{state.cached_end, input.block.begin};
  state.cached_end = input.block.begin;
  return {.phase = Phase::kDenoise,
          .computed = {finished.begin, input.block.end},
          .visible = {0, finished.begin},
          .written = finished,
          .decoded = input.block,
          .mixed = {},
          .ends_call = true};
}

}  // namespace unmask::diffusion
