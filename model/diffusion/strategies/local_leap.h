#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/diffusion/candidate.h"
#include "model/diffusion/decision.h"
#include "model/diffusion/host_device.h"
#include "model/diffusion/param.h"
#include "model/diffusion/strategies/shared_params.h"

namespace unmask::diffusion {

/// Near what the model is very sure of, less is enough: around an anchor, a hole of at least
/// `threshold`, holes are taken from leap_threshold on. Without an anchor the surest goes alone.
///
///   anchors  a: c(a) >= threshold
///   taken    i: some anchor a has |i - a| <= leap_radius, and c(i) >= leap_threshold;  all anchors
///
/// Source  LocalLeap, arXiv:2510.07081, and its values
struct LocalLeap {
  struct State {
    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "local_leap";
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = false;
  static constexpr bool kEditsDecided = false;

  float threshold = 0.9f;
  float leap_threshold = 0.75f;
  std::int32_t leap_radius = 4;  ///< >= 0; 0: anchors only

  static void for_each_param(auto& params, auto visit) {
    visit(kThresholdParam, params.threshold);
    visit(Param{"leap_threshold", "the same beside a hole of at least threshold", {0, 1}},
          params.leap_threshold);
    visit(Param{"leap_radius",
                "how far from it leap_threshold is enough",
                {0, kMaxPositions},
                "positions"},
          params.leap_radius);
  }

  bool operator==(const LocalLeap&) const = default;
};

/// Candidates come by ascending position, so that every one has an anchor before it and one behind
/// it that are the nearest.
UNMASK_HOST_DEVICE inline Decision decide(const LocalLeap& params, const Candidates& candidates,
                                          LocalLeap::State& /*state*/,
                                          std::span<Edit> edits) noexcept {
  const auto is_anchor = [&](int i) { return candidates.confidence(i) >= params.threshold; };
  const int size = candidates.size();
  int num_edits = 0;
  int before = kNone;  // the last anchor up to i
  int behind = 0;      // the first one from i on, or the end
  for (int i = 0; i < size; ++i) {
    if (behind < i) behind = i;
    while (behind < size && !is_anchor(behind)) ++behind;
    if (behind == i) before = i;
    const auto is_near = [&](int anchor) {
      const std::int32_t away = candidates.position[i] - candidates.position[anchor];
      return -params.leap_radius <= away && away <= params.leap_radius;
    };
    const bool is_beside =
        (before != kNone && is_near(before)) || (behind < size && is_near(behind));
    if (before == i || (is_beside && candidates.confidence(i) >= params.leap_threshold)) {
      edits[num_edits++] = {candidates.position[i], candidates.token[i]};
    }
  }
  if (num_edits == 0) {
    const int best = next_surest(candidates, kNone);
    if (best != kNone) edits[num_edits++] = {candidates.position[best], candidates.token[best]};
  }
  return {num_edits, num_edits == size};
}

/// At least one hole is filled by every decision.
UNMASK_HOST_DEVICE inline int max_iterations(const LocalLeap& /*params*/, int block_length) {
  return block_length;
}

}  // namespace unmask::diffusion
