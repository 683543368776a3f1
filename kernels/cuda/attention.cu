// Attention in two steps. The keys of a sequence are dealt in tiles to kAttentionSplits thread
// blocks, so that a few rows keep the whole device busy; then the splits of each row are put
// together.

#include "kernels/cuda/attention_parts.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"

namespace unmask::kernels {
namespace {

constexpr int kMergeThreads = 128;

/// Puts the splits of a row's head together. Grid: rows, heads.
template <typename T>
__global__ void __launch_bounds__(kMergeThreads)
    merge_splits_kernel(AttentionPartials partials, int head_dim, T* out) {
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

/// What `scratch` of attention_scratch_floats() is divided into.
AttentionPartials partials_in(float* scratch, int num_rows, HeadShape heads) {
  const std::size_t count =
      std::size_t(kAttentionSplits) * std::size_t(num_rows) * std::size_t(heads.num_heads);
  return {scratch + 2 * count, scratch, scratch + count};
}

}  // namespace

std::size_t attention_scratch_floats(int num_rows, HeadShape heads) {
  return std::size_t(kAttentionSplits) * std::size_t(num_rows) * std::size_t(heads.num_heads) *
         std::size_t(heads.head_dim + 2);
}

void attention(Tensor qkv, HeadShape heads, KvLayer kv, const AttentionPlan& plan, float* scratch,
               Tensor out, cudaStream_t stream) {
  if (qkv.rows == 0 || heads.num_heads == 0) return;
  UNMASK_CHECK(heads.head_dim <= kMaxHeadDim);
  const AttentionPartials partials = partials_in(scratch, qkv.rows, heads);
  const float scale = 1.0f / std::sqrt(float(heads.head_dim));
  with_element(qkv.dtype, [&](auto element) {
    using T = decltype(element);
    if (kv.keys.dtype == DType::kBF16) {
      attend_bf16(AttentionInputs<T, bf16>{elements<T>(qkv), qkv.cols, elements<bf16>(kv.keys),
                                           elements<bf16>(kv.values), heads, plan, qkv.rows, scale},
                  partials, stream);
    } else if constexpr (std::is_same_v<T, float>) {
      attend_f32(
          AttentionInputs<float, float>{elements<float>(qkv), qkv.cols, elements<float>(kv.keys),
                                        elements<float>(kv.values), heads, plan, qkv.rows, scale},
          partials, stream);
    } else {
      throw DeviceError("attention: rows of bf16 need keys and values of bf16");
    }
    const dim3 grid(unsigned(qkv.rows), unsigned(heads.num_heads));
    launch(merge_splits_kernel<T>, {grid, dim3(kMergeThreads), 0, stream}, partials, heads.head_dim,
           elements<T>(out));
  });
}

}  // namespace unmask::kernels
