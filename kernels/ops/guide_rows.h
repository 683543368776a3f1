#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace unmask::kernels {

/// Classifier-free guidance, before a linear head: the same as of the logits.
///
///   x[i] = g + (scales[i] + 1) * (x[i] - g)    with g = guidance[row_of[i]]; as it is if that is
///   -1
///
/// Shapes  x [n, cols], in place; guidance [any, cols], none of whose rows named is one of x;
///         row_of, scales [n]
/// Dtypes  x, guidance f32 or bf16, the same
struct GuideRows {
  Tensor x;
  Tensor guidance;
  const std::int32_t* row_of = nullptr;
  const float* scales = nullptr;

  void check() const;
};

}  // namespace unmask::kernels
