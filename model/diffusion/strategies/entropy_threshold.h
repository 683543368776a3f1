#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/diffusion/candidate.h"
#include "model/diffusion/decision.h"
#include "model/diffusion/host_device.h"
#include "model/diffusion/param.h"
#include "model/step.h"

namespace unmask::diffusion {

/// Everything whose entropy is below a threshold, at least what has the least.
///
/// Unlike the confidence of one token, the entropy says how many others could stand there.
///
/// Source  d3LLM, whose decoding takes what is below entropy_threshold; its value for LLaDA
struct EntropyThreshold {
  struct State {
    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "entropy_threshold";
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = false;
  static constexpr bool kEditsDecided = false;
  static constexpr std::uint32_t kStatistics = kEntropy;

  /// Not `threshold`: smoothing lowers confidences that are called so, and this one grows.
  float max_entropy = 0.5f;

  static void for_each_param(auto& params, auto visit) {
    visit(Param{"max_entropy",
                "entropy below which a token is taken; higher is faster, and worse",
                {0, 100},
                "nats"},
          params.max_entropy);
  }

  bool operator==(const EntropyThreshold&) const = default;
};

UNMASK_HOST_DEVICE inline Decision decide(const EntropyThreshold& params,
                                          const Candidates& candidates,
                                          EntropyThreshold::State& /*state*/,
                                          std::span<Edit> edits) noexcept {
  const int least = next_least_entropy(candidates, kNone);
  int num_edits = 0;
  for (int i = 0; i < candidates.size(); ++i) {
    if (i == least || candidates.entropy[i] < params.max_entropy) {
      edits[num_edits++] = {candidates.position[i], candidates.token[i]};
    }
  }
  return {num_edits, num_edits == candidates.size()};
}

/// At least one hole is filled by every decision.
UNMASK_HOST_DEVICE inline int max_iterations(const EntropyThreshold& /*params*/, int block_length) {
  return block_length;
}

}  // namespace unmask::diffusion
