// Operations on rows that look at nothing but the row: embed, rms_norm, tree_add,
// qk_norm_rope_kv_write.

#include <algorithm>
#include <cstring>

#include "kernels/cpu/cpu_backend.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

void CpuBackend::embed(Tensor table, const std::int32_t* tokens, Tensor soft_rows, Tensor out) {
  UNMASK_CHECK(table.cols == out.cols);
  UNMASK_CHECK(table.dtype == DType::kF32 || table.dtype == DType::kBF16);
  const std::int64_t cols = out.cols;
  float* const to = floats(out);
  pool_.run_ranges(out.rows, grain_of(cols), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      const std::int64_t token = tokens[i];
      if (token < 0) {
        UNMASK_CHECK(soft_rows.cols == cols && -1 - token < soft_rows.rows);
        std::memcpy(to + i * cols, floats(soft_rows) + (-1 - token) * cols, std::size_t(cols) * 4);
        continue;
      }
      UNMASK_CHECK(token < table.rows);
      if (table.dtype == DType::kF32) {
        std::memcpy(to + i * cols, floats(table) + token * cols, std::size_t(cols) * 4);
      } else {
        const auto* const from = static_cast<const std::uint16_t*>(table.data);
        kernels_.widen_bf16(from + token * cols, cols, to + i * cols);
      }
    }
  });
}

void CpuBackend::rms_norm(Tensor x, const float* weight, float eps, Tensor out) {
  UNMASK_CHECK(out.rows == x.rows && out.cols == x.cols);
  const std::int64_t cols = x.cols;
  const float* const from = floats(x);
  float* const to = floats(out);
  pool_.run_ranges(x.rows, grain_of(cols), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      kernels_.rms_norm(from + i * cols, weight, eps, cols, to + i * cols);
    }
  });
}

void CpuBackend::tree_add(Tensor x, const void* parts, int num_parts) {
  UNMASK_CHECK(num_parts >= 1 && num_parts <= kMaxTreeParts && (num_parts & (num_parts - 1)) == 0);
  const std::int64_t count = std::int64_t{x.rows} * x.cols;
  const auto* const from = static_cast<const float*>(parts);
  float* const to = floats(x);
  const std::int64_t cols = x.cols;
  pool_.run_ranges(x.rows, grain_of(cols * num_parts), [&](int begin, int end, int) {
    const std::int64_t first = begin * cols;
    kernels_.add_tree(from + first, count, num_parts, end * cols - first, to + first);
  });
}

void CpuBackend::qk_norm_rope_kv_write(Tensor qkv, HeadShape heads, const float* q_norm,
                                       const float* k_norm, float eps, Rope rope,
                                       const std::int32_t* positions, const std::int32_t* slots,
                                       KvLayer kv) {
  const std::int64_t head_dim = heads.head_dim, kv_cols = heads.num_kv_heads * head_dim;
  UNMASK_CHECK(qkv.cols == heads.num_heads * head_dim + 2 * kv_cols);
  UNMASK_CHECK(kv.keys.cols == kv_cols && kv.values.cols == kv_cols);
  UNMASK_CHECK(kv.keys.rows == kv.values.rows);
  UNMASK_CHECK(rope.rotary_dim % 2 == 0 && rope.rotary_dim <= head_dim);
  const int half = rope.rotary_dim / 2;
  float* const rows = floats(qkv);
  pool_.run_ranges(qkv.rows, grain_of(4 * qkv.cols), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      const std::int64_t position = positions[i], slot = slots[i];
      UNMASK_CHECK(position >= 0 && slot >= 0 && slot < kv.keys.rows);
      float* head = rows + std::int64_t{i} * qkv.cols;
      for (int h = 0; h < heads.num_heads + heads.num_kv_heads; ++h, head += head_dim) {
        const float* const norm = h < heads.num_heads ? q_norm : k_norm;
        if (norm != nullptr) kernels_.rms_norm(head, norm, eps, head_dim, head);
        kernels_.rotate(head, rope.cos + position * half, rope.sin + position * half, half);
      }
      const std::size_t bytes = std::size_t(kv_cols) * sizeof(float);
      if (bytes == 0) continue;
      std::memcpy(floats(kv.keys) + slot * kv_cols, head - kv_cols, bytes);
      std::memcpy(floats(kv.values) + slot * kv_cols, head, bytes);
    }
  });
}

}  // namespace unmask::kernels
