#pragma once

#include "kernels/shares.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// x += tree sum of parts[0 .. num_parts): the workers' shares of one sum.
///
/// Shapes  x [n, cols]; parts [num_parts, n, cols]
/// Dtypes  x f32 or bf16, parts the same
struct TreeAdd {
  static constexpr int kMaxParts = kNumShares;

  Tensor x;
  const void* parts = nullptr;
  int num_parts = 1;  ///< a power of two, at most kMaxParts

  void check() const;
};

}  // namespace unmask::kernels
