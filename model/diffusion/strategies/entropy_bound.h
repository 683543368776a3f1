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

/// As many holes at once as the model is of one mind about: in the order of their entropies, the
/// longest run whose entropies without the largest one sum up to no more than a bound.
///
///   H(1) <= H(2) <= ...;  the n-th is taken if H(1) + ... + H(n - 1) <= entropy_bound
///
/// That sum bounds what is lost by filling the holes independently of each other: the joint entropy
/// is no less than the largest of them. The first is always taken.
///
/// Source  EB-Sampler, arXiv:2505.24857, equation 9, ordered by entropy
struct EntropyBound {
  struct State {
    bool operator==(const State&) const = default;
  };
  static constexpr std::string_view kName = "entropy_bound";
  static constexpr bool kPassesOverMaskId = false;
  static constexpr bool kSeesDecided = false;
  static constexpr bool kEditsDecided = false;
  static constexpr std::uint32_t kStatistics = kEntropy;

  float entropy_bound = 0.1f;  ///< >= 0; larger takes more

  static void for_each_param(auto& params, auto visit) {
    visit(Param{"entropy_bound",
                "so much entropy at most is decided at once, beside that of the last taken",
                {0, 1000},
                "nats"},
          params.entropy_bound);
  }

  bool operator==(const EntropyBound&) const = default;
};

UNMASK_HOST_DEVICE inline Decision decide(const EntropyBound& params, const Candidates& candidates,
                                          EntropyBound::State& /*state*/,
                                          std::span<Edit> edits) noexcept {
  int num_edits = 0;
  double sum = 0;  // of what is taken
  for (int i = next_least_entropy(candidates, kNone); i != kNone;
       i = next_least_entropy(candidates, i)) {
    if (num_edits > 0 && !(sum <= double(params.entropy_bound))) break;
    edits[num_edits++] = {candidates.position[i], candidates.token[i]};
    sum += double(candidates.entropy[i]);
  }
  return {num_edits, num_edits == candidates.size()};
}

/// At least one hole is filled by every decision.
UNMASK_HOST_DEVICE inline int max_iterations(const EntropyBound& /*params*/, int block_length) {
  return block_length;
}

}  // namespace unmask::diffusion
