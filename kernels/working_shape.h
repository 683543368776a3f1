#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace unmask::kernels {

/// The largest operations of a model's forward, as far as kernels need memory of their own for
/// them.
struct WorkingShape {
  int num_rows = 0;      ///< of a step
  int widest_input = 0;  ///< of a Linear
  int hidden = 0;
  int expert_width = 0;  ///< of the widest expert, or share of an MLP
  int top_k = 0;         ///< experts of a row, or shares of an MLP
  int head_dim = 0;
  int num_keys = 0;  ///< that a row may see
  int vocab_size = 0;
  DType weights = DType::kF32;
};

/// What a CPU's kernels take for forwards of this shape, beside their operands.
[[nodiscard]] std::uint64_t cpu_working_bytes(const WorkingShape& shape, int num_threads);

}  // namespace unmask::kernels
