#pragma once

#include <cstdint>

#include "kernels/ops/heads.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// Rotary embedding of the first `rotary_dim` dimensions of a head, half-split; tables are
/// [max_positions, rotary_dim / 2] f32.
struct Rope {
  const float* cos = nullptr;
  const float* sin = nullptr;
  int rotary_dim = 0;  ///< even, at most head_dim
};

/// Normalises each head of q and k (unless the weights are null), rotates them by their position
/// and writes k and v to the row's slot. q stays in `qkv`.
///
/// Shapes  qkv [n, (num_heads + 2 * num_kv_heads) * head_dim], q then k then v; positions, slots
///         [n]; q_norm, k_norm [head_dim]
/// Dtypes  qkv, and kv, f32 or bf16; q_norm, k_norm f32
struct QkNormRopeKvWrite {
  Tensor qkv;
  HeadShape heads;
  const float* q_norm = nullptr;
  const float* k_norm = nullptr;
  float eps = 0;
  Rope rope;
  const std::int32_t* positions = nullptr;
  const std::int32_t* slots = nullptr;
  KvLayer kv;

  void check() const;
};

}  // namespace unmask::kernels
