#pragma once

#include <cstdint>

#include "kernels/packed_weights.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// out[i] = sum over the chosen experts held here of weight * down(silu(gate x) * up x): within a
/// share in the order of the choice, the shares by tree. Rows that chose none here give zeros.
///
/// Shapes  x, out [n, hidden]; expert_ids, expert_weights [n, top_k]
/// Dtypes  x, out f32 or bf16; expert_weights f32; rows are rounded to bf16 where the weights are
struct Experts {
  static constexpr int kMaxExperts = 1024;
  static constexpr int kMaxTopK = 64;

  Tensor x;
  const PackedExperts& experts;  ///< at most kMaxExperts
  int first_expert = 0;          ///< id of the first expert held
  int top_k = 0;                 ///< 1 .. kMaxTopK
  const std::int32_t* expert_ids = nullptr;
  const float* expert_weights = nullptr;
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
