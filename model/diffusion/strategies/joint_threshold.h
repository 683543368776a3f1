#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/diffusion/candidate.h"
#include "model/diffusion/decision.h"
#include "model/diffusion/host_device.h"
#include "model/diffusion/strategies/shared_params.h"

namespace unmask::diffusion {

/// Token editing: a decided token is replaced when the model has become sure of another one.
///
///   a hole           takes its candidate above threshold; the surest one does if none is above
///   a decided token  is replaced by its candidate if that differs and is above editing_threshold
///
/// Both look at the block as the forward saw it; comparisons are strict. A block is done
///   when a step that saw no hole changed nothing,
///   when no hole is left and max_post_steps steps have seen none,
///   after block_length + max_post_steps steps; holes that are left take their candidates then.
///
/// Source  LLaDA2.1's technical report, equations 1 and 2; the ends as LLaDA2.1's samplers have
/// them
struct JointThreshold {
  /// Of one block.
  struct State {
    std::int32_t num_post_steps = 0;  ///< that saw no hole

    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "joint_threshold";
  /// A candidate that is the mask id fills no hole, and makes one of a decided token.
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = true;
  static constexpr bool kEditsDecided = true;

  float threshold = 0.7f;
  float editing_threshold = 0.5f;    ///< 0: every token that differs is replaced
  std::int32_t max_post_steps = 16;  ///< >= 0

  static void for_each_param(auto& params, auto visit) {
    visit(kThresholdParam, params.threshold);
    visit(Param{"editing_threshold",
                "confidence above which a token takes the place of one that was decided before",
                {0, 1}},
          params.editing_threshold);
    visit(Param{"max_post_steps",
                "so many forwards at most edit a block that has no hole",
                {0, kMaxPositions},
                "forwards"},
          params.max_post_steps);
  }

  bool operator==(const JointThreshold&) const = default;
};

/// The surest candidate for a hole, or kNone.
UNMASK_HOST_DEVICE inline int surest_hole(const Candidates& candidates) noexcept {
  int best = next_surest(candidates, kNone);
  while (best != kNone && !candidates.is_hole(best)) best = next_surest(candidates, best);
  return best;
}

UNMASK_HOST_DEVICE inline Decision decide(const JointThreshold& params,
                                          const Candidates& candidates,
                                          JointThreshold::State& state,
                                          std::span<Edit> edits) noexcept {
  int num_edits = 0;
  int num_holes = 0;
  int num_filled = 0;
  for (int i = 0; i < candidates.size(); ++i) {
    const bool is_hole = candidates.is_hole(i);
    num_holes += is_hole;
    if (!is_hole && candidates.token[i] == candidates.present[i]) continue;
    const float limit = is_hole ? params.threshold : params.editing_threshold;
    if (!(candidates.confidence(i) > limit)) continue;
    num_filled += is_hole;
    edits[num_edits++] = {candidates.position[i], candidates.token[i]};
  }
  if (num_holes == 0) {
    ++state.num_post_steps;
  } else if (num_filled == 0) {
    const int best = surest_hole(candidates);
    if (best == kNone) return {num_edits, false};
    edits[num_edits++] = {candidates.position[best], candidates.token[best]};
    num_filled = 1;
  }
  const bool is_at_rest = num_edits == 0 || state.num_post_steps >= params.max_post_steps;
  return {num_edits, num_filled == num_holes && is_at_rest};
}

/// Every step fills a hole, as long as there is one; what comes behind the last hole is bounded by
/// max_post_steps, unless candidates that are the mask id open new ones.
UNMASK_HOST_DEVICE inline int max_iterations(const JointThreshold& params, int block_length) {
  return block_length + params.max_post_steps;
}

}  // namespace unmask::diffusion
