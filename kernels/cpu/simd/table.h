#pragma once

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/simd/attend.h"
#include "kernels/cpu/simd/multiply.h"
#include "kernels/cpu/simd/rows.h"
#include "kernels/cpu/simd/softmax.h"

namespace unmask::kernels {
namespace {

/// All loops of this folder as the including file compiles them.
constexpr Kernels table_of(const char* name) {
  return {.name = name,
          .max_height = kMaxHeight,
          .multiply_f32 = multiply<F32Step>,
          .multiply_bf16 = multiply<BF16Step>,
          .attend = attend,
          .round_to_bf16 = round_to_bf16,
          .widen_bf16 = widen_bf16,
          .dot = dot,
          .rms_norm = rms_norm,
          .rotate = rotate,
          .silu_multiply = silu_multiply,
          .add_scaled = add_scaled,
          .add_tree = add_tree,
          .max = max,
          .find = find,
          .exp_sums = exp_sums,
          .softmax_numerators = softmax_numerators};
}

}  // namespace
}  // namespace unmask::kernels
