#pragma once

#include <span>
#include <string_view>

#include "model/diffusion/candidate.h"
#include "model/diffusion/decision.h"
#include "model/diffusion/host_device.h"
#include "model/diffusion/param.h"

namespace unmask::diffusion {

/// As many of the surest candidates as can be taken at once and still agree with taking them one by
/// one, by the bound of the paper.
///
/// The n-th surest passes if its confidence >= 1 - factor / (n + 1); the first always does. With k
/// the number that passed before the first failure, or all but the last where none fails, k are
/// taken; one more where k is 0 or all but the last. So a last one that fails is taken too.
///
/// Source  Fast-dLLM, arXiv:2505.22618, Theorem 1; the rule for the last one from dInfer
struct Factor {
  struct State {
    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "factor";
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = false;
  static constexpr bool kEditsDecided = false;

  float factor = 1.0f;  ///< >= 0; larger takes more

  static void for_each_param(auto& params, auto visit) {
    visit(Param{"factor",
                "the n-th surest is taken from a confidence of 1 - factor / (n + 1) on",
                {0, 1000}},
          params.factor);
  }

  bool operator==(const Factor&) const = default;
};

UNMASK_HOST_DEVICE inline Decision decide(const Factor& params, const Candidates& candidates,
                                          Factor::State& /*state*/,
                                          std::span<Edit> edits) noexcept {
  const int size = candidates.size();
  int num_edits = 0;
  bool passes = true;
  for (int i = next_surest(candidates, kNone); i != kNone; i = next_surest(candidates, i)) {
    if (num_edits > 0 && passes) {
      const double limit = 1.0 - double(params.factor) / (num_edits + 2);
      passes = candidates.confidence(i) >= float(limit);
    }
    const bool is_last = num_edits == size - 1;
    if (!passes && !is_last) break;
    edits[num_edits++] = {candidates.position[i], candidates.token[i]};
  }
  return {num_edits, num_edits == size};
}

/// At least one hole is filled by every decision.
UNMASK_HOST_DEVICE inline int max_iterations(const Factor& /*params*/, int block_length) {
  return block_length;
}

}  // namespace unmask::diffusion
