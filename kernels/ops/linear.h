#pragma once

#include "kernels/packed_weights.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// out = x * weight^T, a tree over weight's column shares.
///
/// Shapes  x [n, cols of weight]; out [n, rows of weight]
/// Dtypes  x, out f32 or bf16; rows of x are rounded to bf16 where the weights are
struct Linear {
  Tensor x;
  const PackedMatrix& weight;
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
