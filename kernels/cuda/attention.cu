// Attention in two steps. The keys of a sequence are dealt in tiles to kAttentionSplits thread
// blocks, so that a few rows keep the whole device busy; then the splits of each row are put
// together.

#include "kernels/cuda/attention_parts.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kMergeThreads = 128;

/// Puts the splits of a row's head together. Grid: rows, heads.
template <typename T>
__global__ void __launch_bounds__(kMergeThreads)
    merge_splits_kernel(AttentionPartials partials, RowCount rows, int head_dim, T* out) {
  if (int(blockIdx.x) >= rows.now()) return;
  const std::size_t row_head = std::size_t(blockIdx.x) * gridDim.y + blockIdx.y;
  const std::size_t stride = std::size_t(gridDim.x) * gridDim.y;
  float maxes[kAttentionSplits], factors[kAttentionSplits];
#pragma unroll
  for (int s = 0; s < kAttentionSplits; ++s) {
    factors[s] = partials.sum[row_head + s * stride];
    maxes[s] = partials.max[row_head + s * stride];
  }
  float max = -HUGE_VALF, sum = 0.0f;
#pragma unroll
  for (int s = 0; s < kAttentionSplits; ++s) max = fmaxf(max, maxes[s]);
#pragma unroll
  for (int s = 0; s < kAttentionSplits; ++s) {
    const float part = factors[s];
    factors[s] = part > 0.0f ? expf(maxes[s] - max) : part;  // or 0, or not a number
    sum = fmaf(part, factors[s], sum);
  }
  for (int d = int(threadIdx.x); d < head_dim; d += kMergeThreads) {
    float total = 0.0f;
#pragma unroll
    for (int s = 0; s < kAttentionSplits; ++s) {
      if (factors[s] == 0.0f) continue;
      total = fmaf(partials.out[(row_head + s * stride) * head_dim + d], factors[s], total);
    }
    out[row_head * head_dim + d] = from_float<T>(sum == 0.0f ? 0.0f : total / sum);
  }
}

/// What `scratch` is divided into.
AttentionPartials partials_in(void* scratch, const Attention& op) {
  const std::size_t count =
      std::size_t(kAttentionSplits) * std::size_t(op.qkv.rows) * std::size_t(op.heads.num_heads);
  auto* const floats = static_cast<float*>(scratch);
  return {floats + 2 * count, floats, floats + count};
}

template <typename Query, typename Key>
AttentionInputs<Query, Key> inputs_of(const Attention& op) {
  return {elements<Query>(op.qkv),
          op.qkv.cols,
          elements<Key>(op.kv.keys),
          elements<Key>(op.kv.values),
          op.kv.rows,
          op.heads,
          op.plan,
          op.qkv.rows,
          1.0f / std::sqrt(float(op.heads.head_dim))};
}

}  // namespace

std::size_t scratch_bytes(const Attention& op) {
  return sizeof(float) * std::size_t(kAttentionSplits) * std::size_t(op.qkv.rows) *
         std::size_t(op.heads.num_heads) * std::size_t(op.heads.head_dim + 2);
}

void enqueue(const Attention& op, void* scratch, cudaStream_t stream) {
  if (op.qkv.rows == 0 || op.heads.num_heads == 0) return;
  const AttentionPartials partials = partials_in(scratch, op);
  with_element(op.qkv.dtype, [&](auto element) {
    using T = decltype(element);
    if (op.kv.keys.dtype == DType::kBF16) {
      attend_bf16(inputs_of<T, bf16>(op), partials, stream);
    } else if constexpr (std::is_same_v<T, float>) {
      attend_f32(inputs_of<float, float>(op), partials, stream);
    }
  });
  with_element(op.out.dtype, [&](auto element) {
    using Out = decltype(element);
    const dim3 grid(unsigned(op.qkv.rows), unsigned(op.heads.num_heads));
    launch(merge_splits_kernel<Out>, {grid, dim3(kMergeThreads), 0, stream}, partials,
           row_count(op.qkv), op.heads.head_dim, elements<Out>(op.out));
  });
}

}  // namespace unmask::kernels
