#pragma once

#include <array>
#include <cstdint>

#include "kernels/ops/lm_head_candidates.h"

namespace unmask::kernels {

/// A token per row by the rules' Draw, from logits in memory; rows that draw nothing get -1.
///
///   argmax over the kept ids of  logit / temperature + g,   g = -ln(-ln U), U uniform in (0, 1)
///
/// which is a sample of their softmax at that temperature. Kept are the `top_k` largest logits
/// among those that may be chosen and, of these, the fewest of the largest that have the share
/// `top_p` of their probabilities; who equals the last one is kept, too. U is philox of the seed,
/// the block, the decision, the row's position and the id: neither the batch nor the number of
/// parts matters, for probabilities are added as whole numbers.
///
/// Shapes  logits: num_parts times [num_rows, ids of the part], in which ids that may not be chosen
///         become -inf; rules_of_row, positions, out [num_rows]
/// Source  Gumbel-max: LLaDA's generate. top_k before top_p: as in transformers
struct DrawTokens {
  static constexpr int kMaxParts = 64;

  float* logits = nullptr;
  std::int64_t part_stride = 0;                           ///< numbers from one part to the next
  int num_parts = 1;                                      ///< at most kMaxParts
  std::array<std::int32_t, kMaxParts + 1> first_token{};  ///< of each part, and the end
  int num_rows = 0;
  const std::int32_t* live_rows = nullptr;  ///< as of a Tensor
  int live_offset = 0;
  const LogitRules* rules = nullptr;
  const std::int32_t* rules_of_row = nullptr;
  const std::int32_t* positions = nullptr;
  Drawn* out = nullptr;

  void check() const;
};

}  // namespace unmask::kernels
