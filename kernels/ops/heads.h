/// Attention heads and where their keys and values lie.

#pragma once

#include <cstdint>

#include "kernels/tensor.h"
#include "runtime/base/host_device.h"

namespace unmask::kernels {

struct HeadShape {
  int num_heads = 0;     ///< query heads held here, may be 0
  int num_kv_heads = 0;  ///< KV heads held here
  int head_dim = 0;

  [[nodiscard]] constexpr int q_cols() const { return num_heads * head_dim; }
  [[nodiscard]] constexpr int kv_cols() const { return num_kv_heads * head_dim; }
  [[nodiscard]] constexpr int qkv_cols() const { return q_cols() + 2 * kv_cols(); }
};

/// In which row of a layer's K and V a slot is.
///
/// Slots are numbered alike in all layers. Those before `first_shared` are rows of the layer's own;
/// the others are in rows that all layers share, one after the other, and lie `shift` further on.
struct KvRows {
  std::int32_t first_shared = INT32_MAX;
  std::int64_t shift = 0;

  [[nodiscard]] UNMASK_HOST_DEVICE constexpr std::int64_t of(std::int32_t slot) const {
    return slot < first_shared ? slot : slot + shift;
  }
};

/// K and V of one layer: [num_rows, num_kv_heads * head_dim] each. Which slot holds which position
/// of which sequence is the cache's business (model/cache).
struct KvLayer {
  Tensor keys, values;
  KvRows rows{};
};

}  // namespace unmask::kernels
