#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/diffusion/candidate.h"
#include "model/diffusion/decision.h"
#include "model/diffusion/host_device.h"
#include "model/diffusion/strategies/block_facts.h"
#include "model/diffusion/strategies/shared_params.h"

namespace unmask::diffusion {

/// All that are above the threshold; if these are fewer than the step's share of the block, as many
/// of the surest as make it up.
///
///   S = min(steps, gen_length / minimal_topk), at least 1
///   n_j = floor(K / S) + (1 if j < K mod S)     the share of step j = 0, 1, ..., S - 1
///
/// K is the length of a block, however many holes this one has. Above is strict.
///
/// Source  LLaDA2.0, generate() in its modeling_llada2_moe.py
struct Llada2Schedule {
  /// Of one block.
  struct State {
    std::int32_t step = 0;          ///< j
    std::int32_t num_steps = 1;     ///< S
    std::int32_t block_length = 1;  ///< K

    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "llada2_schedule";
  /// A candidate that is the mask id takes part, and uses up its share.
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = false;
  static constexpr bool kEditsDecided = false;

  float threshold = 0.95f;
  std::int32_t steps = 32;        ///< >= 1
  std::int32_t minimal_topk = 1;  ///< >= 1

  static void for_each_param(auto& params, auto visit) {
    visit(kThresholdParam, params.threshold);
    visit(kStepsParam, params.steps);
    visit(kMinimalTopkParam, params.minimal_topk);
  }

  bool operator==(const Llada2Schedule&) const = default;
};

constexpr Llada2Schedule::State entered(const Llada2Schedule& params, const BlockFacts& facts) {
  const std::int32_t most = facts.gen_length / params.minimal_topk;
  return {.step = 0,
          .num_steps = std::max(std::min(params.steps, most), 1),
          .block_length = facts.block_length};
}

/// n_j: how many tokens step j takes at least.
UNMASK_HOST_DEVICE constexpr std::int32_t share_of_step(const Llada2Schedule::State& state) {
  const bool is_larger = state.step < state.block_length % state.num_steps;
  return state.block_length / state.num_steps + is_larger;
}

UNMASK_HOST_DEVICE inline Decision decide(const Llada2Schedule& params,
                                          const Candidates& candidates,
                                          Llada2Schedule::State& state,
                                          std::span<Edit> edits) noexcept {
  const std::int32_t share = share_of_step(state);
  ++state.step;
  int num_edits = 0;
  for (int i = next_surest(candidates, kNone); i != kNone; i = next_surest(candidates, i)) {
    if (num_edits >= share && !(candidates.confidence(i) > params.threshold)) break;
    edits[num_edits++] = {candidates.position[i], candidates.token[i]};
  }
  return {num_edits, num_edits == candidates.size()};
}

/// The shares of all steps make a block, and none is empty before that.
UNMASK_HOST_DEVICE inline int max_iterations(const Llada2Schedule& params, int block_length) {
  return std::min(params.steps, block_length);
}

}  // namespace unmask::diffusion
