#pragma once

#include <cstdint>

#include "kernels/ops/heads.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// Consecutive KV slots, all of a layer's own or all shared: the keys of a sequence are its runs,
/// one after another.
struct KvRun {
  std::int32_t first_slot = 0;
  std::int32_t num_slots = 0;
};

/// Which keys every row sees: a ragged batch. All pointers are device memory.
///
/// Sequence s owns rows [row_offsets[s], row_offsets[s + 1]) and runs [run_offsets[s],
/// run_offsets[s + 1]). Row i sees the first key_limit[i] keys of its sequence's runs (all of them
/// for full attention; fewer when attention is block-causal).
struct AttentionPlan {
  int num_sequences = 0;
  const std::int32_t* row_offsets = nullptr;  // [num_sequences + 1]
  const std::int32_t* run_offsets = nullptr;  // [num_sequences + 1]
  const KvRun* runs = nullptr;
  const std::int32_t* kv_head_of_head = nullptr;  // [num_heads], index into the local KV heads
  const std::int32_t* key_limit = nullptr;        // [num_rows]
};

/// softmax(q k^T / sqrt(head_dim)) v over the keys that the plan shows each row. A row that sees
/// no key gives zeros.
///
/// Shapes  qkv [n, (num_heads + 2 * num_kv_heads) * head_dim], of which q is read; out [n,
///         num_heads * head_dim]; head_dim at most kMaxHeadDim
/// Dtypes  qkv f32 or bf16; out the same, or bf16 (rounded); kv f32 or bf16, the latter if qkv is
struct Attention {
  static constexpr int kMaxHeadDim = 256;

  Tensor qkv;
  HeadShape heads;
  KvLayer kv;
  AttentionPlan plan;
  Tensor out;

  void check() const;
};

}  // namespace unmask::kernels
