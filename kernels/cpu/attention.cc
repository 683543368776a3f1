#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/numeric.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

float* row_of(Tensor tensor, std::int64_t row) {
  return static_cast<float*>(tensor.data) + row * tensor.cols;
}

void normalize_head(float* head, const float* weight, int head_dim, float eps) {
  const float scale = 1.0f / std::sqrt(dot(head, head, head_dim) / float(head_dim) + eps);
  for (int d = 0; d < head_dim; ++d) head[d] = head[d] * scale * weight[d];
}

void rotate_head(float* head, const Rope& rope, std::int32_t position) {
  const int half = rope.rotary_dim / 2;
  const float* cos = rope.cos + std::int64_t(position) * half;
  const float* sin = rope.sin + std::int64_t(position) * half;
  for (int d = 0; d < half; ++d) {
    const float low = head[d], high = head[d + half];
    head[d] = low * cos[d] - high * sin[d];
    head[d + half] = high * cos[d] + low * sin[d];
  }
}

}  // namespace

void CpuBackend::rms_norm(Tensor x, const float* weight, float eps, Tensor out) {
  UNMASK_CHECK(x.cols == out.cols && x.rows == out.rows);
  for (int i = 0; i < x.rows; ++i) {
    const float* in = row_of(x, i);
    float* to = row_of(out, i);
    const float scale = 1.0f / std::sqrt(dot(in, in, x.cols) / float(x.cols) + eps);
    for (int j = 0; j < x.cols; ++j) to[j] = in[j] * scale * weight[j];
  }
}

void CpuBackend::qk_norm_rope_kv_write(Tensor qkv, HeadShape heads, const float* q_norm,
                                       const float* k_norm, float eps, Rope rope,
                                       const std::int32_t* positions, const std::int32_t* slots,
                                       KvLayer kv) {
  const int dim = heads.head_dim;
  UNMASK_CHECK(qkv.cols == (heads.num_heads + 2 * heads.num_kv_heads) * dim);
  for (int i = 0; i < qkv.rows; ++i) {
    float* row = row_of(qkv, i);
    for (int h = 0; h < heads.num_heads + heads.num_kv_heads; ++h) {
      const float* norm = h < heads.num_heads ? q_norm : k_norm;
      if (norm != nullptr) normalize_head(row + h * dim, norm, dim, eps);
      rotate_head(row + h * dim, rope, positions[i]);
    }
    const std::size_t bytes = std::size_t(heads.num_kv_heads * dim) * sizeof(float);
    if (bytes == 0) continue;
    const float* keys = row + heads.num_heads * dim;
    std::memcpy(row_of(kv.keys, slots[i]), keys, bytes);
    std::memcpy(row_of(kv.values, slots[i]), keys + heads.num_kv_heads * dim, bytes);
  }
}

void CpuBackend::attention(Tensor qkv, HeadShape heads, KvLayer kv, const AttentionPlan& plan,
                           Tensor out) {
  const int dim = heads.head_dim;
  const float scale = 1.0f / std::sqrt(float(dim));
  std::vector<std::int32_t> slots;
  std::vector<float> weights;
  for (int s = 0; s < plan.num_sequences; ++s) {
    slots.clear();
    for (int r = plan.run_offsets[s]; r < plan.run_offsets[s + 1]; ++r) {
      for (int k = 0; k < plan.runs[r].num_slots; ++k) slots.push_back(plan.runs[r].first_slot + k);
    }
    for (int i = plan.row_offsets[s]; i < plan.row_offsets[s + 1]; ++i) {
      const auto num_keys = std::size_t(plan.key_limit[i]);
      UNMASK_CHECK(num_keys <= slots.size());
      weights.resize(num_keys);
      for (int h = 0; h < heads.num_heads; ++h) {
        const float* query = row_of(qkv, i) + h * dim;
        const int offset = plan.kv_head_of_head[h] * dim;
        float* to = row_of(out, i) + h * dim;
        float max = -INFINITY, sum = 0;
        for (std::size_t k = 0; k < num_keys; ++k) {
          weights[k] = scale * dot(query, row_of(kv.keys, slots[k]) + offset, dim);
          max = std::max(max, weights[k]);
        }
        std::memset(to, 0, std::size_t(dim) * sizeof(float));
        for (std::size_t k = 0; k < num_keys; ++k) {
          const float weight = std::exp(weights[k] - max);
          const float* value = row_of(kv.values, slots[k]) + offset;
          sum += weight;
          for (int d = 0; d < dim; ++d) to[d] += weight * value[d];
        }
        if (sum > 0) {
          for (int d = 0; d < dim; ++d) to[d] /= sum;
        }
      }
    }
  }
}

}  // namespace unmask::kernels
