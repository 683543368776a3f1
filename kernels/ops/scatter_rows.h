#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace unmask::kernels {

/// out[rows[i]] = x[i]
///
/// Shapes  x [n, cols]; rows [n], each a row of out, none twice; out [any, cols]
/// Dtypes  x, out f32
struct ScatterRows {
  Tensor x;
  const std::int32_t* rows = nullptr;
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
