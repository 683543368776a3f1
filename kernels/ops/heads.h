/// Attention heads and where their keys and values lie.

#pragma once

#include "kernels/tensor.h"

namespace unmask::kernels {

struct HeadShape {
  int num_heads = 0;     ///< query heads held here, may be 0
  int num_kv_heads = 0;  ///< KV heads held here
  int head_dim = 0;

  [[nodiscard]] constexpr int q_cols() const { return num_heads * head_dim; }
  [[nodiscard]] constexpr int kv_cols() const { return num_kv_heads * head_dim; }
  [[nodiscard]] constexpr int qkv_cols() const { return q_cols() + 2 * kv_cols(); }
};

/// K and V of one layer: [num_slots, num_kv_heads * head_dim] each. Which slot holds which position
/// of which sequence is the cache's business (model/cache).
struct KvLayer {
  Tensor keys, values;
};

}  // namespace unmask::kernels
