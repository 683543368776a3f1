#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace unmask::kernels {

/// out[i] = x[rows[i]]
///
/// Shapes  x [any, cols]; rows [n], each a row of x; out [n, cols]
/// Dtypes  x, out f32 or bf16
struct GatherRows {
  Tensor x;
  const std::int32_t* rows = nullptr;
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
