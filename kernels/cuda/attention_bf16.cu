// Attention over bf16 keys and values on tensor cores: each warp has 16 rows of a head, and four
// warps share the keys that they see, which come in tiles. A tile that a row does not see leaves
// its sums as they are, to the last bit. Its weights are 0, so its values must be finite.

#include "kernels/cuda/attention_parts.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/ptx.h"
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/swizzle.h"

namespace unmask::kernels {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * kWarpSize;
constexpr int kRows = kWarps * 16;
constexpr int kStages = 2;
constexpr float kLog2E = 1.44269504f;

/// kDim: head_dim rounded up; what is beyond head_dim is zero.
template <int kDim>
struct Shared {
  static constexpr int kKeys = kDim <= 128 ? 64 : 32;
  alignas(128) bf16 queries[kRows][kDim];
  alignas(128) bf16 keys[kStages][kKeys][kDim];
  alignas(128) bf16 values[kStages][kKeys][kDim];
  int limits[kRows];
};

/// Eight elements of a head from `from` on, with zeros beyond head_dim, or all zeros.
template <typename T>
__device__ void store_converted(bf16* to, const T* from, int num_left) {
  for (int i = 0; i < 8; ++i) to[i] = __float2bfloat16(i < num_left ? to_float(from[i]) : 0.0f);
}
__device__ inline void store_zeros(bf16* to) { *reinterpret_cast<uint4*>(to) = {0, 0, 0, 0}; }

template <int kDim, typename T>
__device__ void load_queries(Shared<kDim>& shared, const T* from, std::size_t row_stride,
                             int head_dim, int num_rows) {
  constexpr int kChunks = kDim / 8;
  for (int i = int(threadIdx.x); i < kRows * kChunks; i += kThreads) {
    const int row = i / kChunks, chunk = i % kChunks;
    bf16* const to = &shared.queries[row][swizzled(row, chunk)];
    const T* const head = from + std::size_t(row) * row_stride + chunk * 8;
    if (row >= num_rows || chunk * 8 >= head_dim) {
      store_zeros(to);
    } else if (head_dim % 8 == 0) {
      store_4(to, load_4(head));
      store_4(to + 4, load_4(head + 4));
    } else {
      store_converted(to, head, head_dim - chunk * 8);
    }
  }
}

/// Starts copying the keys and values of a tile, `left` of which there are. Each thread copies the
/// same dimensions of every eighth key or so.
template <int kDim>
__device__ void load_tile(Shared<kDim>& shared, int stage, const bf16* keys, const bf16* values,
                          const KvRows& kv_rows, std::size_t kv_stride, int head_dim,
                          RunCursor& cursor, int first, int left) {
  constexpr int kChunks = kDim / 8;
  const int chunk = int(threadIdx.x) % kChunks;
  for (int key = int(threadIdx.x) / kChunks; key < Shared<kDim>::kKeys; key += kThreads / kChunks) {
    bf16* const k = &shared.keys[stage][key][swizzled(key, chunk)];
    bf16* const v = &shared.values[stage][key][swizzled(key, chunk)];
    if (key >= left || chunk * 8 >= head_dim) {
      store_zeros(k);
      store_zeros(v);
      continue;
    }
    const std::size_t at =
        std::size_t(kv_rows.of(cursor.slot_of(first + key))) * kv_stride + chunk * 8;
    if (head_dim % 8 == 0) {
      cp_async_16(k, keys + at);
      cp_async_16(v, values + at);
    } else {
      store_converted(k, keys + at, head_dim - chunk * 8);
      store_converted(v, values + at, head_dim - chunk * 8);
    }
  }
}

/// The online softmax of a warp's 16 rows: a lane has dimensions lane % 4 * 2 + {0, 1} of every
/// eight, of the rows lane / 4 and lane / 4 + 8.
template <int kDim>
struct WarpState {
  float max[2] = {-HUGE_VALF, -HUGE_VALF};  // of the scores before scaling
  float sum[2] = {};                        // this lane's keys
  float out[kDim / 8][4] = {};
};

template <int kDim, int kKeys>
__device__ void multiply_queries(const Shared<kDim>& shared, int stage,
                                 float (&scores)[kKeys / 8][4]) {
  const int lane = int(threadIdx.x) % kWarpSize, warp = int(threadIdx.x) / kWarpSize;
  const int row = warp * 16 + lane % 16;
#pragma unroll
  for (int k = 0; k < kDim / 8; k += 4) {
    std::uint32_t q[2][4];
    ldmatrix_x4(q[0], &shared.queries[row][swizzled(row, k + lane / 16)]);
    ldmatrix_x4(q[1], &shared.queries[row][swizzled(row, k + 2 + lane / 16)]);
    std::uint32_t b[kKeys / 8][4];
#pragma unroll
    for (int n = 0; n < kKeys / 8; ++n) {
      const int key = n * 8 + lane % 8;
      ldmatrix_x4(b[n], &shared.keys[stage][key][swizzled(key, k + lane / 8)]);
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {  // outermost: no product waits for the one before it
#pragma unroll
      for (int n = 0; n < kKeys / 8; ++n) {
        const std::uint32_t k16[2] = {b[n][half * 2], b[n][half * 2 + 1]};
        mma_m16n8k16(scores[n], q[half], k16);
      }
    }
  }
}

/// Scores to weights relative to the new maximum, to which what was summed is brought too.
template <int kDim, int kKeys>
__device__ void weigh(WarpState<kDim>& state, float (&scores)[kKeys / 8][4], int first_key,
                      const int (&limits)[2], float scale) {
  const int lane = int(threadIdx.x) % kWarpSize;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float best = state.max[half];
#pragma unroll
    for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        float& score = scores[n][half * 2 + c];
        if (first_key + n * 8 + lane % 4 * 2 + c >= limits[half]) score = -HUGE_VALF;
        best = fmaxf(best, score);
      }
    }
    best = fmaxf(best, shuffle_xor(best, 1));
    best = fmaxf(best, shuffle_xor(best, 2));
    const float offset = best == -HUGE_VALF ? 0.0f : -best * scale;
    const float shrink = exp2f(fmaf(state.max[half], scale, offset));
    state.max[half] = best;
    float sum = state.sum[half] * shrink;
#pragma unroll
    for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        float& score = scores[n][half * 2 + c];
        score = exp2f(fmaf(score, scale, offset));
        sum += score;
      }
    }
    state.sum[half] = sum;
#pragma unroll
    for (int d = 0; d < kDim / 8; ++d) {
      state.out[d][half * 2] *= shrink;
      state.out[d][half * 2 + 1] *= shrink;
    }
  }
}

template <int kDim, int kKeys>
__device__ void add_values(WarpState<kDim>& state, const Shared<kDim>& shared, int stage,
                           const float (&weights)[kKeys / 8][4]) {
  const int lane = int(threadIdx.x) % kWarpSize;
#pragma unroll
  for (int j = 0; j < kKeys / 16; ++j) {
    const float(&low)[4] = weights[2 * j];
    const float(&high)[4] = weights[2 * j + 1];
    const std::uint32_t a[4] = {pack(low[0], low[1]), pack(low[2], low[3]), pack(high[0], high[1]),
                                pack(high[2], high[3])};
    const int key = j * 16 + lane % 16;
#pragma unroll
    for (int d = 0; d < kDim / 8; d += 2) {
      std::uint32_t b[4];
      ldmatrix_x4_trans(b, &shared.values[stage][key][swizzled(key, d + lane / 16)]);
      const std::uint32_t left[2] = {b[0], b[1]}, right[2] = {b[2], b[3]};
      mma_m16n8k16(state.out[d], a, left);
      mma_m16n8k16(state.out[d + 1], a, right);
    }
  }
}

/// at: of the warp's first row; row_stride: to the next row's.
template <int kDim>
__device__ void store_state(WarpState<kDim>& state, const AttentionPartials& partials,
                            std::size_t at, std::size_t row_stride, int num_rows, int head_dim,
                            float scale) {
  const int lane = int(threadIdx.x) % kWarpSize;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float sum = state.sum[half];
    sum += shuffle_xor(sum, 1);
    sum += shuffle_xor(sum, 2);
    const int row = lane / 4 + half * 8;
    if (row >= num_rows) continue;
    const std::size_t i = at + std::size_t(row) * row_stride;
    if (lane % 4 == 0) {
      partials.max[i] = state.max[half] * scale;
      partials.sum[i] = sum;
    }
    if (sum == 0.0f) continue;
#pragma unroll
    for (int d = 0; d < kDim / 8; ++d) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        const int j = d * 8 + lane % 4 * 2 + c;
        if (j < head_dim) partials.out[i * std::size_t(head_dim) + j] = state.out[d][half * 2 + c];
      }
    }
  }
}

/// Grid: row tiles, heads, splits.
template <int kDim, typename T>
__global__ void __launch_bounds__(kThreads)
    attend_bf16_kernel(AttentionInputs<T, bf16> in, AttentionPartials partials) {
  constexpr int kKeys = Shared<kDim>::kKeys;
  Shared<kDim>& shared = dynamic_shared<Shared<kDim>>();
  const RowTile tile = find_tile<kRows>(in.plan, int(blockIdx.x));
  if (tile.num_rows == 0) return;
  const int head = int(blockIdx.y), split = int(blockIdx.z), dim = in.heads.head_dim;
  const int lane = int(threadIdx.x) % kWarpSize, warp = int(threadIdx.x) / kWarpSize;
  if (int(threadIdx.x) < kRows) {
    const bool is_row = int(threadIdx.x) < tile.num_rows;
    shared.limits[threadIdx.x] = is_row ? in.plan.key_limit[tile.first_row + threadIdx.x] : 0;
  }
  load_queries<kDim>(
      shared,
      in.qkv + std::size_t(tile.first_row) * std::size_t(in.qkv_cols) + std::size_t(head) * dim,
      std::size_t(in.qkv_cols), dim, tile.num_rows);
  __syncthreads();  // the limits are there
  const auto most = [](int a, int b) { return a > b ? a : b; };
  const int num_keys =
      warp_reduce(most(shared.limits[lane], shared.limits[lane + kWarpSize]), most);
  const int* const my_limits = shared.limits + warp * 16;
  const int limits[2] = {my_limits[lane / 4], my_limits[lane / 4 + 8]};
  const int warp_keys = warp_reduce(my_limits[lane % 16], most);

  const std::size_t kv_stride = std::size_t(in.heads.num_kv_heads) * std::size_t(dim);
  const std::size_t kv_at = std::size_t(in.plan.kv_head_of_head[head]) * std::size_t(dim);
  RunCursor cursor(in.plan.runs + in.plan.run_offsets[tile.sequence]);
  const auto load = [&](int first, int stage) {
    if (first < num_keys) {
      load_tile<kDim>(shared, stage, in.keys + kv_at, in.values + kv_at, in.kv_rows, kv_stride, dim,
                      cursor, first, num_keys - first);
    }
    cp_async_commit();
  };
  const float scale = in.scale * kLog2E;
  WarpState<kDim> state;
  load(split * kKeys, 0);
  int stage = 0;
  for (int first = split * kKeys; first < num_keys; first += kAttentionSplits * kKeys) {
    cp_async_wait<0>();
    __syncthreads();  // this tile is there, and all are done with the one before
    load(first + kAttentionSplits * kKeys, 1 - stage);
    if (first < warp_keys) {
      float scores[kKeys / 8][4] = {};
      multiply_queries<kDim, kKeys>(shared, stage, scores);
      weigh<kDim, kKeys>(state, scores, first, limits, scale);
      add_values<kDim, kKeys>(state, shared, stage, scores);
    }
    stage = 1 - stage;
  }
  cp_async_wait<0>();
  const std::size_t at =
      (std::size_t(split) * in.num_rows + tile.first_row + warp * 16) * in.heads.num_heads + head;
  store_state(state, partials, at, std::size_t(in.heads.num_heads), tile.num_rows - warp * 16, dim,
              in.scale);
}

template <int kDim, typename T>
void attend(const AttentionInputs<T, bf16>& in, const AttentionPartials& partials,
            cudaStream_t stream) {
  const int num_tiles = max_tiles(in.num_rows, in.plan.num_sequences, kRows);
  const dim3 grid(unsigned(num_tiles), unsigned(in.heads.num_heads), kAttentionSplits);
  launch(attend_bf16_kernel<kDim, T>, {grid, dim3(kThreads), sizeof(Shared<kDim>), stream}, in,
         partials);
}

}  // namespace

template <typename T>
void attend_bf16(const AttentionInputs<T, bf16>& in, const AttentionPartials& partials,
                 cudaStream_t stream) {
  if (in.heads.head_dim <= 64) {
    attend<64>(in, partials, stream);
  } else if (in.heads.head_dim <= 128) {
    attend<128>(in, partials, stream);
  } else {
    attend<256>(in, partials, stream);
  }
}
template void attend_bf16(const AttentionInputs<float, bf16>&, const AttentionPartials&,
                          cudaStream_t);
template void attend_bf16(const AttentionInputs<bf16, bf16>&, const AttentionPartials&,
                          cudaStream_t);

}  // namespace unmask::kernels
