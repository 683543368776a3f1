#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace unmask::kernels {

/// out[i] = table[tokens[i]], or soft_rows[-1 - tokens[i]] where tokens[i] < 0.
///
/// Shapes  table [vocab_size, hidden]; tokens [n]; soft_rows [any, hidden]; out [n, hidden]
/// Dtypes  table f32 or bf16, not packed; soft_rows f32; out f32 or bf16
struct Embed {
  Tensor table;
  const std::int32_t* tokens = nullptr;
  Tensor soft_rows = {};  ///< no rows: no token is negative
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
