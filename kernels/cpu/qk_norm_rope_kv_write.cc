#include <cstring>

#include "kernels/cpu/cpu_backend.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

void CpuBackend::compute(const QkNormRopeKvWrite& op) {
  const HeadShape& heads = op.heads;
  const std::int64_t head_dim = heads.head_dim, kv_cols = heads.kv_cols();
  const int half = op.rope.rotary_dim / 2;
  float* const rows = floats(op.qkv);
  pool_.run_ranges(op.qkv.rows, grain_of(4 * op.qkv.cols), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      const std::int64_t position = op.positions[i], row = op.kv.rows.of(op.slots[i]);
      UNMASK_CHECK(position >= 0 && row >= 0 && row < op.kv.keys.rows);
      float* head = rows + std::int64_t{i} * op.qkv.cols;
      for (int h = 0; h < heads.num_heads + heads.num_kv_heads; ++h, head += head_dim) {
        const float* const norm = h < heads.num_heads ? op.q_norm : op.k_norm;
        if (norm != nullptr) kernels_.rms_norm(head, norm, op.eps, head_dim, head);
        kernels_.rotate(head, op.rope.cos + position * half, op.rope.sin + position * half, half);
      }
      const std::size_t bytes = std::size_t(kv_cols) * sizeof(float);
      if (bytes == 0) continue;
      std::memcpy(floats(op.kv.keys) + row * kv_cols, head - kv_cols, bytes);
      std::memcpy(floats(op.kv.values) + row * kv_cols, head, bytes);
    }
  });
}

}  // namespace unmask::kernels
