#pragma once

#include <cmath>
#include <span>
#include <string_view>

#include "model/diffusion/candidate.h"
#include "model/diffusion/decision.h"
#include "model/diffusion/host_device.h"
#include "model/diffusion/strategies/shared_params.h"

namespace unmask::diffusion {

/// Divide and conquer: every run of adjacent holes gives its surest one, if that is sure enough, so
/// that what is accepted splits what is left; in the best case log(n) forwards fill n holes.
///
///   accepted are  the surest of a run, and all that tie with it, if above low_threshold;
///                 all above threshold;
///                 the surest of the block, always
///
/// Comparisons are strict. The block's border and every token end a run.
///
/// Source  Hierarchy-dLLM (ICLR 2026); dInfer's HierarchyDecoder
struct Hierarchy {
  struct State {
    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "hierarchy";
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = false;
  static constexpr bool kEditsDecided = false;

  float threshold = 0.9f;
  float low_threshold = 0.4f;  ///< below 0: the surest of every run

  static void for_each_param(auto& params, auto visit) {
    visit(kThresholdParam, params.threshold);
    visit(kLowThresholdParam, params.low_threshold);
  }

  bool operator==(const Hierarchy&) const = default;
};

/// The same, but where not even the surest of the block reaches low_threshold, it goes alone; and
/// it is not taken for its own sake where it does.
///
/// Source  dInfer's generate_hierarchy, decoding "fast_v2"
struct HierarchyFastV2 {
  struct State {
    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "hierarchy_fast_v2";
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = false;
  static constexpr bool kEditsDecided = false;

  float threshold = 0.9f;
  float low_threshold = 0.4f;

  static void for_each_param(auto& params, auto visit) {
    visit(kThresholdParam, params.threshold);
    visit(kLowThresholdParam, params.low_threshold);
  }

  bool operator==(const HierarchyFastV2&) const = default;
};

/// The index behind the run of adjacent positions that begins with candidate `begin`.
UNMASK_HOST_DEVICE inline int run_end(const Candidates& candidates, int begin) noexcept {
  int end = begin + 1;
  while (end < candidates.size() && candidates.position[end] == candidates.position[end - 1] + 1) {
    ++end;
  }
  return end;
}

/// The largest log-confidence of candidates [begin, end).
UNMASK_HOST_DEVICE inline double largest_log_confidence(const Candidates& candidates, int begin,
                                                        int end) noexcept {
  double largest = -INFINITY;
  for (int i = begin; i < end; ++i) {
    if (candidates.log_confidence(i) > largest) largest = candidates.log_confidence(i);
  }
  return largest;
}

/// Writes the candidates that `is_sure(i)`, or that are the surest of their run and above `low`, or
/// candidate `always` (kNone: none).
UNMASK_HOST_DEVICE inline int accept_by_runs(const Candidates& candidates, float low, int always,
                                             auto is_sure, std::span<Edit> edits) noexcept {
  int num_edits = 0;
  for (int begin = 0; begin < candidates.size();) {
    const int end = run_end(candidates, begin);
    const double surest = largest_log_confidence(candidates, begin, end);
    for (int i = begin; i < end; ++i) {
      const bool leads = candidates.log_confidence(i) == surest && candidates.confidence(i) > low;
      if (leads || is_sure(i) || i == always) {
        edits[num_edits++] = {candidates.position[i], candidates.token[i]};
      }
    }
    begin = end;
  }
  return num_edits;
}

UNMASK_HOST_DEVICE inline Decision decide(const Hierarchy& params, const Candidates& candidates,
                                          Hierarchy::State& /*state*/,
                                          std::span<Edit> edits) noexcept {
  const auto is_sure = [&](int i) { return candidates.confidence(i) > params.threshold; };
  const int num_edits = accept_by_runs(candidates, params.low_threshold,
                                       next_surest(candidates, kNone), is_sure, edits);
  return {num_edits, num_edits == candidates.size()};
}

UNMASK_HOST_DEVICE inline Decision decide(const HierarchyFastV2& params,
                                          const Candidates& candidates,
                                          HierarchyFastV2::State& /*state*/,
                                          std::span<Edit> edits) noexcept {
  const int best = next_surest(candidates, kNone);
  if (best == kNone) return {0, candidates.size() == 0};
  if (candidates.confidence(best) < params.low_threshold) {
    edits[0] = {candidates.position[best], candidates.token[best]};
    return {1, candidates.size() == 1};
  }
  const auto is_sure = [&](int i) { return candidates.confidence(i) > params.threshold; };
  const int num_edits = accept_by_runs(candidates, params.low_threshold, kNone, is_sure, edits);
  return {num_edits, num_edits == candidates.size()};
}

/// At least one hole is filled by every decision.
UNMASK_HOST_DEVICE inline int max_iterations(const Hierarchy& /*params*/, int block_length) {
  return block_length;
}

/// Where the surest is at low_threshold exactly, nothing is: the loop's guard takes it then.
UNMASK_HOST_DEVICE inline int max_iterations(const HierarchyFastV2& /*params*/, int block_length) {
  return block_length;
}

}  // namespace unmask::diffusion
