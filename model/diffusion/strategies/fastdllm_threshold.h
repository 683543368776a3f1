#pragma once

#include <span>
#include <string_view>

#include "model/diffusion/candidate.h"
#include "model/diffusion/decision.h"
#include "model/diffusion/host_device.h"
#include "model/diffusion/strategies/shared_params.h"

namespace unmask::diffusion {

/// Everything at or above the threshold, and the `minimal_topk` surest whatever they are.
///
/// Source  Fast-dLLM's get_transfer_index; with minimal_topk > 1, dInfer's get_transfer_index_cache
struct FastDllmThreshold {
  struct State {
    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "fastdllm_threshold";
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = false;
  static constexpr bool kEditsDecided = false;

  float threshold = 0.9f;         ///< in [0, 1]
  std::int32_t minimal_topk = 1;  ///< >= 1

  static void for_each_param(auto& params, auto visit) {
    visit(kThresholdParam, params.threshold);
    visit(kMinimalTopkParam, params.minimal_topk);
  }

  bool operator==(const FastDllmThreshold&) const = default;
};

UNMASK_HOST_DEVICE inline Decision decide(const FastDllmThreshold& params,
                                          const Candidates& candidates,
                                          FastDllmThreshold::State& /*state*/,
                                          std::span<Edit> edits) noexcept {
  int num_edits = 0;
  for (int i = next_surest(candidates, kNone); i != kNone; i = next_surest(candidates, i)) {
    if (num_edits >= params.minimal_topk && candidates.confidence(i) < params.threshold) break;
    edits[num_edits++] = {candidates.position[i], candidates.token[i]};
  }
  return {num_edits, num_edits == candidates.size()};
}

/// At least one hole is filled by every decision.
UNMASK_HOST_DEVICE inline int max_iterations(const FastDllmThreshold& /*params*/,
                                             int block_length) {
  return block_length;
}

}  // namespace unmask::diffusion
