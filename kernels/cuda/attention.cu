// Attention in two steps. The keys of a sequence are dealt in tiles to kSplits thread blocks, so
// that a few rows keep the whole device busy; then the splits of each row are put together. Which
// keys a split has, and their order, depends on nothing but their places in the sequence.

#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/reduce.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 128;
constexpr int kRows = 16;
constexpr int kLanesPerRow = kThreads / kRows;
constexpr int kKeys = 32;
constexpr int kKeysPerLane = kKeys / kLanesPerRow;
constexpr int kSplits = kAttentionSplits;

/// kDim: head_dim rounded up; what is beyond head_dim is zero.
template <int kDim>
struct Shared {
  alignas(16) float queries[kRows][kDim + 4];
  alignas(16) float keys[kKeys][kDim + 4];  // padded, so that neighbours share no bank
  alignas(16) float values[kKeys][kDim];
  float weights[kRows][kKeys + 1];
  std::int32_t slots[kKeys];
};

template <typename T>
struct Inputs {
  const T* qkv;
  int qkv_cols;
  const T* keys;
  const T* values;
  HeadShape heads;
  AttentionPlan plan;
  int num_rows;
  float scale;
};

/// Sums over a split's keys, of every row and head; kSplits, num_rows, num_heads from outside in.
struct Partials {
  float* out;  // [..., head_dim], relative to max
  float* max;  // [...]
  float* sum;  // [...], 0: the row sees no key of this split
};

/// Rows of one sequence.
struct RowTile {
  int sequence;
  int first_row;
  int num_rows;
};

/// The idx-th tile of all sequences; num_rows 0 if there are fewer.
__device__ RowTile find_tile(const AttentionPlan& plan, int idx) {
  for (int s = 0; s < plan.num_sequences; ++s) {
    const int begin = plan.row_offsets[s], num_rows = plan.row_offsets[s + 1] - begin;
    const int num_tiles = (num_rows + kRows - 1) / kRows;
    if (idx < num_tiles) {
      const int first = idx * kRows;
      return {s, begin + first, num_rows - first < kRows ? num_rows - first : kRows};
    }
    idx -= num_tiles;
  }
  return {0, 0, 0};
}

/// Finds the slots of ascending keys.
struct RunCursor {
  int run;
  int first_key;  // of the run

  __device__ std::int32_t slot_of(const KvRun* runs, int key) {
    while (key >= first_key + runs[run].num_slots) first_key += runs[run++].num_slots;
    return runs[run].first_slot + key - first_key;
  }
};

/// [first, first + num) of the rows of a matrix, or those that `slots` names, head by head.
template <int kDim, int kStride, typename T>
__device__ void load_heads(float* to, const T* from, std::size_t row_stride, int head_dim, int num,
                           int num_wanted, const std::int32_t* slots, float scale) {
  constexpr int kVectors = kDim / 4;
  const bool is_vector = head_dim % 4 == 0;
  for (int i = int(threadIdx.x); i < num_wanted * kVectors; i += kThreads) {
    const int row = i / kVectors, d = i % kVectors * 4;
    const T* const head = from + std::size_t(slots == nullptr ? row : slots[row]) * row_stride;
    float4 x{0.0f, 0.0f, 0.0f, 0.0f};
    if (row < num && is_vector) {
      if (d < head_dim) x = load_4(head + d);
    } else if (row < num) {
      x.x = d < head_dim ? to_float(head[d]) : 0.0f;
      x.y = d + 1 < head_dim ? to_float(head[d + 1]) : 0.0f;
      x.z = d + 2 < head_dim ? to_float(head[d + 2]) : 0.0f;
      x.w = d + 3 < head_dim ? to_float(head[d + 3]) : 0.0f;
    }
    store_4(to + row * kStride + d, float4{x.x * scale, x.y * scale, x.z * scale, x.w * scale});
  }
}

/// One row's online softmax: eight neighbouring lanes share it, each with every eighth group of
/// four dimensions.
template <int kDim>
struct RowState {
  float max = -HUGE_VALF;
  float sum = 0.0f;
  float out[kDim / kLanesPerRow] = {};
};

template <typename Merge>
__device__ float row_reduce(float value, Merge merge) {
  for (int mask = kLanesPerRow / 2; mask > 0; mask /= 2) {
    value = merge(value, shuffle_xor(value, mask));
  }
  return value;
}

/// Folds the first num_keys keys of the tile into the state; all lanes of a warp come here.
template <int kDim>
__device__ void attend(RowState<kDim>& state, Shared<kDim>& shared, int num_keys) {
  const int row = int(threadIdx.x) / kLanesPerRow, lane = int(threadIdx.x) % kLanesPerRow;
  float scores[kKeysPerLane] = {};
  for (int d = 0; d < kDim; d += 4) {
    const float4 q = load_4(&shared.queries[row][d]);
#pragma unroll
    for (int i = 0; i < kKeysPerLane; ++i) {
      const float4 k = load_4(&shared.keys[lane + i * kLanesPerRow][d]);
      scores[i] = fmaf(q.w, k.w, fmaf(q.z, k.z, fmaf(q.y, k.y, fmaf(q.x, k.x, scores[i]))));
    }
  }
  float best = state.max;
  for (int i = 0; i < kKeysPerLane; ++i) {
    if (lane + i * kLanesPerRow < num_keys) best = fmaxf(best, scores[i]);
  }
  best = row_reduce(best, [](float a, float b) { return fmaxf(a, b); });
  float total = 0.0f;
  for (int i = 0; i < kKeysPerLane; ++i) {
    const int key = lane + i * kLanesPerRow;
    const float weight = key < num_keys ? expf(scores[i] - best) : 0.0f;
    shared.weights[row][key] = weight;
    total += weight;
  }
  total = row_reduce(total, [](float a, float b) { return a + b; });
  __syncwarp();  // the weights are there
  if (num_keys > 0) {
    const float shrink = expf(state.max - best);
    state.max = best;
    state.sum = fmaf(state.sum, shrink, total);
    for (float& x : state.out) x *= shrink;
    for (int key = 0; key < num_keys; ++key) {
      const float weight = shared.weights[row][key];
#pragma unroll
      for (int j = 0; j < kDim / kLanesPerRow; j += 4) {
        const float4 v = load_4(&shared.values[key][lane * 4 + j * kLanesPerRow]);
        state.out[j] = fmaf(weight, v.x, state.out[j]);
        state.out[j + 1] = fmaf(weight, v.y, state.out[j + 1]);
        state.out[j + 2] = fmaf(weight, v.z, state.out[j + 2]);
        state.out[j + 3] = fmaf(weight, v.w, state.out[j + 3]);
      }
    }
  }
}

/// The most keys that a row of the tile sees.
__device__ int max_limit(const AttentionPlan& plan, const RowTile& tile) {
  int most = 0;
  for (int i = 0; i < tile.num_rows; ++i) {
    const int limit = plan.key_limit[tile.first_row + i];
    most = limit > most ? limit : most;
  }
  return most;
}

template <int kDim>
__device__ void store_partial(const RowState<kDim>& state, const Partials& partials, std::size_t at,
                              int head_dim) {
  const int lane = int(threadIdx.x) % kLanesPerRow;
  if (lane == 0) {
    partials.max[at] = state.max;
    partials.sum[at] = state.sum;
  }
  for (int j = 0; j < kDim / kLanesPerRow; ++j) {
    const int d = lane * 4 + j / 4 * 4 * kLanesPerRow + j % 4;
    if (d < head_dim) partials.out[at * std::size_t(head_dim) + d] = state.out[j];
  }
}

/// Grid: row tiles, heads, splits.
template <int kDim, typename T>
__global__ void __launch_bounds__(kThreads) attend_kernel(Inputs<T> in, Partials partials) {
  Shared<kDim>& shared = dynamic_shared<Shared<kDim>>();
  const RowTile tile = find_tile(in.plan, int(blockIdx.x));
  if (tile.num_rows == 0) return;
  const int head = int(blockIdx.y), split = int(blockIdx.z), dim = in.heads.head_dim;
  const int row = int(threadIdx.x) / kLanesPerRow;
  const bool is_row = row < tile.num_rows;
  const int limit = is_row ? in.plan.key_limit[tile.first_row + row] : 0;
  const int num_keys = max_limit(in.plan, tile);
  const std::size_t kv_stride = std::size_t(in.heads.num_kv_heads) * std::size_t(dim);
  const std::size_t kv_at = std::size_t(in.plan.kv_head_of_head[head]) * std::size_t(dim);
  load_heads<kDim, kDim + 4>(
      &shared.queries[0][0],
      in.qkv + std::size_t(tile.first_row) * std::size_t(in.qkv_cols) + std::size_t(head) * dim,
      std::size_t(in.qkv_cols), dim, tile.num_rows, kRows, nullptr, in.scale);

  RunCursor cursor{in.plan.run_offsets[tile.sequence], 0};
  RowState<kDim> state;
  for (int first = split * kKeys; first < num_keys; first += kSplits * kKeys) {
    const int left = num_keys - first < kKeys ? num_keys - first : kKeys;
    if (int(threadIdx.x) < kKeys) {
      const int idx = int(threadIdx.x) < left ? int(threadIdx.x) : left - 1;
      shared.slots[threadIdx.x] = cursor.slot_of(in.plan.runs, first + idx);
    }
    __syncthreads();  // the slots are there
    load_heads<kDim, kDim + 4>(&shared.keys[0][0], in.keys + kv_at, kv_stride, dim, left, kKeys,
                               shared.slots, 1.0f);
    load_heads<kDim, kDim>(&shared.values[0][0], in.values + kv_at, kv_stride, dim, left, kKeys,
                           shared.slots, 1.0f);
    __syncthreads();  // keys and values are there
    const int seen = limit - first;
    attend(state, shared, seen < 0 ? 0 : seen < left ? seen : left);
    __syncthreads();  // they may be overwritten
  }
  if (!is_row) return;
  const std::size_t at =
      (std::size_t(split) * in.num_rows + tile.first_row + row) * in.heads.num_heads + head;
  store_partial(state, partials, at, dim);
}

/// Puts the splits of a row's head together. Grid: rows, heads.
template <typename T>
__global__ void merge_splits_kernel(Partials partials, int head_dim, T* out) {
  const std::size_t row_head = std::size_t(blockIdx.x) * gridDim.y + blockIdx.y;
  const std::size_t stride = std::size_t(gridDim.x) * gridDim.y;
  float max = -HUGE_VALF;
  for (int s = 0; s < kSplits; ++s) max = fmaxf(max, partials.max[row_head + s * stride]);
  float factors[kSplits], sum = 0.0f;
  for (int s = 0; s < kSplits; ++s) {
    const float part = partials.sum[row_head + s * stride];
    factors[s] = part > 0.0f ? expf(partials.max[row_head + s * stride] - max) : 0.0f;
    sum = fmaf(part, factors[s], sum);
  }
  for (int d = int(threadIdx.x); d < head_dim; d += kThreads) {
    float total = 0.0f;
    for (int s = 0; s < kSplits; ++s) {
      total = fmaf(partials.out[(row_head + s * stride) * head_dim + d], factors[s], total);
    }
    out[row_head * head_dim + d] = from_float<T>(sum > 0.0f ? total / sum : 0.0f);
  }
}

template <int kDim, typename T>
void attend(const Inputs<T>& in, const Partials& partials, cudaStream_t stream) {
  const int num_tiles = in.num_rows / kRows + in.plan.num_sequences;
  const dim3 grid(unsigned(num_tiles), unsigned(in.heads.num_heads), kSplits);
  launch(attend_kernel<kDim, T>, {grid, dim3(kThreads), sizeof(Shared<kDim>), stream}, in,
         partials);
}

}  // namespace

std::size_t attention_scratch_floats(int num_rows, HeadShape heads) {
  return std::size_t(kSplits) * std::size_t(num_rows) * std::size_t(heads.num_heads) *
         std::size_t(heads.head_dim + 2);
}

void attention(Tensor qkv, HeadShape heads, KvLayer kv, const AttentionPlan& plan, float* scratch,
               Tensor out, cudaStream_t stream) {
  if (qkv.rows == 0 || heads.num_heads == 0) return;
  UNMASK_CHECK(heads.head_dim <= kMaxHeadDim);
  const std::size_t count =
      std::size_t(kSplits) * std::size_t(qkv.rows) * std::size_t(heads.num_heads);
  const Partials partials{scratch + 2 * count, scratch, scratch + count};
  with_element(qkv.dtype, [&](auto element) {
    using T = decltype(element);
    const Inputs<T> in{elements<T>(qkv),
                       qkv.cols,
                       elements<T>(kv.keys),
                       elements<T>(kv.values),
                       heads,
                       plan,
                       qkv.rows,
                       1.0f / std::sqrt(float(heads.head_dim))};
    if (heads.head_dim <= 32) {
      attend<32>(in, partials, stream);
    } else if (heads.head_dim <= 64) {
      attend<64>(in, partials, stream);
    } else if (heads.head_dim <= 128) {
      attend<128>(in, partials, stream);
    } else {
      attend<256>(in, partials, stream);
    }
    const dim3 grid(unsigned(qkv.rows), unsigned(heads.num_heads));
    launch(merge_splits_kernel<T>, {grid, dim3(kThreads), 0, stream}, partials, heads.head_dim,
           elements<T>(out));
  });
}

}  // namespace unmask::kernels
