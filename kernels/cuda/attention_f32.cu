// Attention over f32 keys and values with fused multiply-adds. 16 lanes share four rows of a head:
// each has the scores of every 16th key and the sums of every 16th group of four dimensions.

#include "kernels/cuda/attention_parts.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/reduce.h"

namespace unmask::kernels {
namespace {

constexpr int kLanes = 16;
constexpr int kRowsPerGroup = 4;

/// kDim: head_dim rounded up; what is beyond head_dim is zero.
template <int kDim>
struct Shared {
  static constexpr int kRows = kDim <= 128 ? 64 : 32;
  static constexpr int kKeys = kDim <= 128 ? 32 : 16;
  static constexpr int kThreads = kRows / kRowsPerGroup * kLanes;

  alignas(16) float queries[kRows][kDim + 4];
  alignas(16) float keys[kKeys][kDim + 4];  // padded, so that neighbours share no bank
  alignas(16) float values[kKeys][kDim];
  alignas(16) float weights[kKeys][kRows + 4];
  std::int64_t rows[kKeys];
  int limits[kRows];
};

/// The first `num` rows of a matrix, or those that `rows` names, and zeros after them.
template <int kDim, int kRows, int kStride, int kThreads>
__device__ void load_heads(float (&to)[kRows][kStride], const float* from, std::size_t row_stride,
                           int head_dim, int num, const std::int64_t* rows, float scale) {
  constexpr int kVectors = kDim / 4;
  const bool is_vector = head_dim % 4 == 0;
  for (int i = int(threadIdx.x); i < kRows * kVectors; i += kThreads) {
    const int row = i / kVectors, d = i % kVectors * 4;
    float4 x{0.0f, 0.0f, 0.0f, 0.0f};
    if (row < num && d < head_dim) {
      const float* const head = from + std::size_t(rows ? rows[row] : row) * row_stride + d;
      if (is_vector) {
        x = load_4(head);
      } else {
        x.x = head[0];
        x.y = d + 1 < head_dim ? head[1] : 0.0f;
        x.z = d + 2 < head_dim ? head[2] : 0.0f;
        x.w = d + 3 < head_dim ? head[3] : 0.0f;
      }
    }
    store_4(&to[row][d], float4{x.x * scale, x.y * scale, x.z * scale, x.w * scale});
  }
}

/// Four rows' online softmax.
template <int kDim>
struct GroupState {
  float max[kRowsPerGroup];
  float sum[kRowsPerGroup];  // this lane's keys
  float out[kRowsPerGroup][kDim / kLanes];
};

template <int kDim, int kKeysPerLane>
__device__ void multiply_queries(const Shared<kDim>& shared, int first_row, int lane,
                                 float (&scores)[kRowsPerGroup][kKeysPerLane]) {
  for (int d = 0; d < kDim; d += 4) {
    float4 k[kKeysPerLane];
#pragma unroll
    for (int j = 0; j < kKeysPerLane; ++j) k[j] = load_4(&shared.keys[lane + j * kLanes][d]);
#pragma unroll
    for (int i = 0; i < kRowsPerGroup; ++i) {
      const float4 q = load_4(&shared.queries[first_row + i][d]);
#pragma unroll
      for (int j = 0; j < kKeysPerLane; ++j) {
        float& score = scores[i][j];
        score = fmaf(q.w, k[j].w, fmaf(q.z, k[j].z, fmaf(q.y, k[j].y, fmaf(q.x, k[j].x, score))));
      }
    }
  }
}

/// Folds a tile into the state: row i sees its first seen[i] keys. All lanes of a warp come here.
template <int kDim>
__device__ void attend(GroupState<kDim>& state, Shared<kDim>& shared, int first_row, int lane,
                       int num_keys, const int (&seen)[kRowsPerGroup]) {
  constexpr int kKeysPerLane = Shared<kDim>::kKeys / kLanes;
  float scores[kRowsPerGroup][kKeysPerLane] = {};
  multiply_queries<kDim>(shared, first_row, lane, scores);
#pragma unroll
  for (int i = 0; i < kRowsPerGroup; ++i) {
    float best = state.max[i];
#pragma unroll
    for (int j = 0; j < kKeysPerLane; ++j) {
      if (lane + j * kLanes < seen[i]) best = fmaxf(best, scores[i][j]);
    }
    for (int mask = kLanes / 2; mask > 0; mask /= 2) best = fmaxf(best, shuffle_xor(best, mask));
    const float offset = best == -HUGE_VALF ? 0.0f : best;
    const float shrink = expf(state.max[i] - offset);
    state.max[i] = best;
    state.sum[i] *= shrink;
#pragma unroll
    for (int j = 0; j < kKeysPerLane; ++j) {
      const int key = lane + j * kLanes;
      const float weight = key < seen[i] ? expf(scores[i][j] - offset) : 0.0f;
      shared.weights[key][first_row + i] = weight;
      state.sum[i] += weight;
    }
#pragma unroll
    for (float& x : state.out[i]) x *= shrink;
  }
  __syncwarp();  // the weights are there
  for (int key = 0; key < num_keys; ++key) {
    const float4 w = load_4(&shared.weights[key][first_row]);
    const float weights[kRowsPerGroup] = {w.x, w.y, w.z, w.w};
#pragma unroll
    for (int j = 0; j < kDim / kLanes; j += 4) {
      const float4 v = load_4(&shared.values[key][lane * 4 + j * kLanes]);
#pragma unroll
      for (int i = 0; i < kRowsPerGroup; ++i) {
        if (key >= seen[i]) continue;  // its value may be anything
        state.out[i][j] = fmaf(weights[i], v.x, state.out[i][j]);
        state.out[i][j + 1] = fmaf(weights[i], v.y, state.out[i][j + 1]);
        state.out[i][j + 2] = fmaf(weights[i], v.z, state.out[i][j + 2]);
        state.out[i][j + 3] = fmaf(weights[i], v.w, state.out[i][j + 3]);
      }
    }
  }
}

template <int kDim>
__device__ void store_row(float max, float sum, const float (&out)[kDim / kLanes], int lane,
                          const AttentionPartials& partials, std::size_t at, int head_dim) {
  if (lane == 0) {
    partials.max[at] = max;
    partials.sum[at] = sum;
  }
  if (sum == 0.0f) return;
#pragma unroll
  for (int j = 0; j < kDim / kLanes; ++j) {
    const int d = lane * 4 + j / 4 * 4 * kLanes + j % 4;
    if (d < head_dim) partials.out[at * std::size_t(head_dim) + d] = out[j];
  }
}

/// Grid: row tiles, heads, splits.
template <int kDim>
__global__ void __launch_bounds__(Shared<kDim>::kThreads)
    attend_f32_kernel(AttentionInputs<float, float> in, AttentionPartials partials) {
  constexpr int kRows = Shared<kDim>::kRows, kKeys = Shared<kDim>::kKeys;
  constexpr int kThreads = Shared<kDim>::kThreads;
  Shared<kDim>& shared = dynamic_shared<Shared<kDim>>();
  const RowTile tile = find_tile<kRows>(in.plan, int(blockIdx.x));
  if (tile.num_rows == 0) return;
  const int head = int(blockIdx.y), split = int(blockIdx.z), dim = in.heads.head_dim;
  const int lane = int(threadIdx.x) % kLanes;
  const int first_row = int(threadIdx.x) / kLanes * kRowsPerGroup;
  if (int(threadIdx.x) < kRows) {
    const bool is_row = int(threadIdx.x) < tile.num_rows;
    shared.limits[threadIdx.x] = is_row ? in.plan.key_limit[tile.first_row + threadIdx.x] : 0;
  }
  const float* const queries =
      in.qkv + std::size_t(tile.first_row) * std::size_t(in.qkv_cols) + std::size_t(head) * dim;
  load_heads<kDim, kRows, kDim + 4, kThreads>(shared.queries, queries, std::size_t(in.qkv_cols),
                                              dim, tile.num_rows, nullptr, in.scale);
  __syncthreads();  // the limits are there
  const auto most = [](int a, int b) { return a > b ? a : b; };
  const int warp_lane = int(threadIdx.x) % kWarpSize;
  const int num_keys =
      warp_reduce(most(shared.limits[warp_lane], shared.limits[kRows - 1 - warp_lane]), most);
  const std::size_t kv_stride = std::size_t(in.heads.num_kv_heads) * std::size_t(dim);
  const std::size_t kv_at = std::size_t(in.plan.kv_head_of_head[head]) * std::size_t(dim);

  RunCursor cursor(in.plan.runs + in.plan.run_offsets[tile.sequence]);
  GroupState<kDim> state{};
  for (float& max : state.max) max = -HUGE_VALF;
  for (int first = split * kKeys; first < num_keys; first += kAttentionSplits * kKeys) {
    const int left = num_keys - first < kKeys ? num_keys - first : kKeys;
    if (int(threadIdx.x) < left) {
      shared.rows[threadIdx.x] = in.kv_rows.of(cursor.slot_of(first + threadIdx.x));
    }
    __syncthreads();  // the rows are there
    load_heads<kDim, kKeys, kDim + 4, kThreads>(shared.keys, in.keys + kv_at, kv_stride, dim, left,
                                                shared.rows, 1.0f);
    load_heads<kDim, kKeys, kDim, kThreads>(shared.values, in.values + kv_at, kv_stride, dim, left,
                                            shared.rows, 1.0f);
    __syncthreads();  // keys and values are there
    int seen[kRowsPerGroup];
    for (int i = 0; i < kRowsPerGroup; ++i) seen[i] = shared.limits[first_row + i] - first;
    attend(state, shared, first_row, lane, left, seen);
    __syncthreads();  // they may be overwritten
  }
#pragma unroll
  for (int i = 0; i < kRowsPerGroup; ++i) {
    float sum = state.sum[i];
    for (int mask = kLanes / 2; mask > 0; mask /= 2) sum += shuffle_xor(sum, mask);
    const int row = first_row + i;
    if (row >= tile.num_rows) continue;
    const std::size_t at =
        (std::size_t(split) * in.num_rows + tile.first_row + row) * in.heads.num_heads + head;
    store_row<kDim>(state.max[i], sum, state.out[i], lane, partials, at, dim);
  }
}

template <int kDim>
void attend(const AttentionInputs<float, float>& in, const AttentionPartials& partials,
            cudaStream_t stream) {
  const int num_tiles = max_tiles(in.num_rows, in.plan.num_sequences, Shared<kDim>::kRows);
  const dim3 grid(unsigned(num_tiles), unsigned(in.heads.num_heads), kAttentionSplits);
  launch(attend_f32_kernel<kDim>,
         {grid, dim3(Shared<kDim>::kThreads), sizeof(Shared<kDim>), stream}, in, partials);
}

}  // namespace

void attend_f32(const AttentionInputs<float, float>& in, const AttentionPartials& partials,
                cudaStream_t stream) {
  if (in.heads.head_dim <= 64) {
    attend<64>(in, partials, stream);
  } else if (in.heads.head_dim <= 128) {
    attend<128>(in, partials, stream);
  } else {
    attend<256>(in, partials, stream);
  }
}

}  // namespace unmask::kernels
