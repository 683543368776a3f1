#pragma once

#include "kernels/ops/candidate_stats.h"
#include "kernels/packed_weights.h"
#include "kernels/shares.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// Soft inputs of iteration smoothing: probabilities are recomputed tile by tile.
///
///   out[i] = weights[i] * sum_v probability[i, v] * table[v]    over the ids held here
///
/// Shapes  x [n, hidden]; head [ids held here, hidden], its columns in one share; table [ids held
///         here, width]; stats, weights [n]; out [n, width]
/// Dtypes  x, table f32 or bf16; out f32
struct MixEmbeddings {
  Tensor x;
  const PackedMatrix& head;
  Tensor table;
  ShareOffsets vocab_shares;              ///< of head's rows
  const CandidateStats* stats = nullptr;  ///< of the whole vocabulary, no id left out
  const float* weights = nullptr;         ///< not negative
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
