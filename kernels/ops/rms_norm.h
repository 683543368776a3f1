#pragma once

#include "kernels/tensor.h"

namespace unmask::kernels {

/// Root-mean-square normalisation of each row.
///
///   out[i, j] = x[i, j] / sqrt(mean_j(x[i, j]^2) + eps) * weight[j]
///
/// Shapes  x, out [n, cols]; weight [cols]
/// Dtypes  x, out f32 or bf16; weight f32
/// Alias   out may be x
/// Source  Zhang & Sennrich 2019, arXiv:1910.07467
struct RmsNorm {
  Tensor x;
  const float* weight = nullptr;
  float eps = 0;
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
