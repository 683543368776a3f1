#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * kWarpSize;

template <typename T, typename Kv>
struct HeadsOfRows {
  T* qkv;
  HeadShape shape;
  const float* q_norm;
  const float* k_norm;
  float eps;
  Rope rope;
  const std::int32_t* positions;
  const std::int32_t* slots;
  Kv* keys;
  Kv* values;
  KvRows kv_rows;
  RowCount rows;
};

/// Normalises and rotates one head, a pair of dimensions per lane.
///
/// Alias  to may be from
template <typename T, typename To>
__device__ void norm_rope_head(const T* from, To* to, int head_dim, const float* norm, float eps,
                               const float* cos, const float* sin, int half) {
  const int lane = int(threadIdx.x) % kWarpSize;
  float scale = 1.0f;
  if (norm != nullptr) {
    float squares = 0.0f;
    for (int j = lane; j < head_dim; j += kWarpSize) {
      const float value = to_float(from[j]);
      squares = fmaf(value, value, squares);
    }
    squares = warp_reduce(squares, [](float a, float b) { return a + b; });
    scale = 1.0f / sqrtf(squares / float(head_dim) + eps);
    __syncwarp();  // all have read what is now overwritten
  }
  const auto normed = [&](int j) {
    const float value = to_float(from[j]);
    return norm == nullptr ? value : value * scale * norm[j];
  };
  for (int j = lane; j < half; j += kWarpSize) {
    const float a = normed(j), b = normed(half + j);
    to[j] = from_float<To>(a * cos[j] - b * sin[j]);
    to[half + j] = from_float<To>(b * cos[j] + a * sin[j]);
  }
  for (int j = 2 * half + lane; j < head_dim; j += kWarpSize) to[j] = from_float<To>(normed(j));
}

/// A warp per head of a row: q in place, k and v to the cache.
template <typename T, typename Kv>
__global__ void qk_norm_rope_kv_write_kernel(HeadsOfRows<T, Kv> x) {
  const int row = int(blockIdx.x), head = int(blockIdx.y) * kWarps + int(threadIdx.x) / kWarpSize;
  const int num_q = x.shape.num_heads, num_kv = x.shape.num_kv_heads, dim = x.shape.head_dim;
  if (head >= num_q + 2 * num_kv || row >= x.rows.now()) return;
  T* const from = x.qkv + (std::size_t(row) * std::size_t(num_q + 2 * num_kv) + head) * dim;
  const int half = x.rope.rotary_dim / 2;
  const std::size_t angles = std::size_t(x.positions[row]) * std::size_t(half);
  const float *const cos = x.rope.cos + angles, *const sin = x.rope.sin + angles;
  if (head < num_q) {
    norm_rope_head(from, from, dim, x.q_norm, x.eps, cos, sin, half);
    return;
  }
  const int kv_head = (head - num_q) % num_kv;
  const std::size_t to =
      (std::size_t(x.kv_rows.of(x.slots[row])) * std::size_t(num_kv) + kv_head) * dim;
  if (head < num_q + num_kv) {
    norm_rope_head(from, x.keys + to, dim, x.k_norm, x.eps, cos, sin, half);
  } else {
    for (int j = int(threadIdx.x) % kWarpSize; j < dim; j += kWarpSize) {
      x.values[to + j] = from_float<Kv>(to_float(from[j]));
    }
  }
}

}  // namespace

void enqueue(const QkNormRopeKvWrite& op, cudaStream_t stream) {
  const int num_heads = op.heads.num_heads + 2 * op.heads.num_kv_heads;
  if (op.qkv.rows == 0 || num_heads == 0) return;
  const dim3 grid(unsigned(op.qkv.rows), unsigned((num_heads + kWarps - 1) / kWarps));
  with_element(op.qkv.dtype, [&](auto element) {
    with_element(op.kv.keys.dtype, [&](auto kv_element) {
      using T = decltype(element);
      using Kv = decltype(kv_element);
      const HeadsOfRows<T, Kv> x{elements<T>(op.qkv),
                                 op.heads,
                                 op.q_norm,
                                 op.k_norm,
                                 op.eps,
                                 op.rope,
                                 op.positions,
                                 op.slots,
                                 elements<Kv>(op.kv.keys),
                                 elements<Kv>(op.kv.values),
                                 op.kv.rows,
                                 row_count(op.qkv)};
      launch(qk_norm_rope_kv_write_kernel<T, Kv>, {grid, dim3(kThreads), 0, stream}, x);
    });
  });
}

}  // namespace unmask::kernels
