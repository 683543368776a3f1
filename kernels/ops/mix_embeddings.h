#pragma once

#include "kernels/packed_weights.h"
#include "kernels/shares.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// Soft inputs of iteration smoothing: probabilities are recomputed tile by tile.
///
///   out[i] = sum_v exp(logit[i, v] - log_sum_exp[i]) * table[v]    over the ids held here
///
/// Shapes  x [n, hidden]; head [ids held here, hidden], its columns in one share; table [ids held
///         here, width]; log_sum_exp [n]; out [n, width]
/// Dtypes  x, table f32 or bf16; log_sum_exp, out f32
struct MixEmbeddings {
  Tensor x;
  const PackedMatrix& head;
  Tensor table;
  ShareOffsets vocab_shares;  ///< of head's rows
  const float* log_sum_exp = nullptr;
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
