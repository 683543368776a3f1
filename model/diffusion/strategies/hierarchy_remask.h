#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "model/diffusion/strategies/hierarchy.h"
#include "model/diffusion/strategies/shared_params.h"

namespace unmask::diffusion {

/// The hierarchy that takes back what has become doubtful.
///
/// Doubtful is a decided position whose candidate, whatever token stands there, is below
/// remask_threshold. Holes and doubtful positions are worked on together: accepted are the surest
/// of each run above low_threshold and all above threshold; if these are no more than the doubtful
/// ones, the next surest until they are, so that every decision leaves fewer holes. What is
/// accepted takes its candidate, a doubtful position that is not accepted becomes a hole.
///
/// Source  Hierarchy-dLLM (ICLR 2026), equations 9 to 12; dInfer's generate_hierarchy, "remask"
struct HierarchyRemask {
  struct State {
    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "hierarchy_remask";
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = true;
  static constexpr bool kEditsDecided = false;

  float threshold = 0.9f;
  float low_threshold = 0.4f;
  float remask_threshold = 0.4f;

  static void for_each_param(auto& params, auto visit) {
    visit(kThresholdParam, params.threshold);
    visit(kLowThresholdParam, params.low_threshold);
    visit(
        Param{
            "remask_threshold", "confidence below which a position's token is taken back", {0, 1}},
        params.remask_threshold);
  }

  bool operator==(const HierarchyRemask&) const = default;
};

UNMASK_HOST_DEVICE inline Decision decide(const HierarchyRemask& params,
                                          const Candidates& candidates,
                                          HierarchyRemask::State& /*state*/,
                                          std::span<Edit> edits) noexcept {
  const auto is_worked_on = [&](int i) {
    return candidates.is_hole(i) || candidates.confidence(i) < params.remask_threshold;
  };
  int num_edits = 0;
  int num_worked_on = 0;
  int num_doubtful = 0;
  int num_accepted = 0;
  for (int begin = 0; begin < candidates.size();) {
    if (!is_worked_on(begin)) {
      ++begin;
      continue;
    }
    int end = begin + 1;
    while (end < candidates.size() && is_worked_on(end) &&
           candidates.position[end] == candidates.position[end - 1] + 1) {
      ++end;
    }
    const double surest = largest_log_confidence(candidates, begin, end);
    for (int i = begin; i < end; ++i) {
      const float confidence = candidates.confidence(i);
      const bool leads =
          candidates.log_confidence(i) == surest && confidence > params.low_threshold;
      const bool is_accepted = leads || confidence > params.threshold;
      ++num_worked_on;
      num_accepted += is_accepted;
      num_doubtful += !candidates.is_hole(i);
      if (is_accepted || !candidates.is_hole(i)) {
        edits[num_edits++] = {candidates.position[i], is_accepted ? candidates.token[i] : kHole};
      }
    }
    begin = end;
  }
  const int least = std::min(num_doubtful + 1, num_worked_on);
  for (int i = next_surest(candidates, kNone); i != kNone && num_accepted < least;
       i = next_surest(candidates, i)) {
    if (!is_worked_on(i)) continue;
    int at = 0;  // of its edit, if there is one
    while (at < num_edits && edits[at].position != candidates.position[i]) ++at;
    if (at < num_edits && edits[at].token != kHole) continue;
    edits[at] = {candidates.position[i], candidates.token[i]};
    num_edits = std::max(num_edits, at + 1);
    ++num_accepted;
  }
  return {num_edits, num_accepted == num_worked_on};
}

/// Every decision leaves at least one hole less.
UNMASK_HOST_DEVICE inline int max_iterations(const HierarchyRemask& /*params*/, int block_length) {
  return block_length;
}

}  // namespace unmask::diffusion
