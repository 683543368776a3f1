// Choices are sorted by expert on the device; then gate and up, down, and the weighted sum. Each
// expert's weights are read once per 64 rows that chose it, or, in forwards of many rows, once per
// 128.

#include <algorithm>

#include "kernels/cuda/cuda_experts.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/expert_places.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/numbers.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/row_count.h"
#include "kernels/cuda/scratch_parts.h"
#include "kernels/cuda/swiglu.h"
#include "kernels/cuda/wide_product.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr int kSumThreads = 256;

template <class T>
struct Arrays {
  Places places;
  T* rows;               // [num_rows, padded hidden]
  T* activations;        // [num_choices, padded width]
  float* contributions;  // [num_choices, hidden]
};

template <class T>
Arrays<T> arrays_in(ScratchParts& parts, const ExpertsView& experts, int num_rows, int top_k) {
  const std::size_t num_choices = std::size_t(num_rows) * std::size_t(top_k);
  Arrays<T> arrays{};
  arrays.places.choice_of_place = parts.take<int>(num_choices);
  arrays.places.place_of_choice = parts.take<int>(num_choices);
  arrays.places.narrow.tiles = parts.take<PlaceTile>(
      std::size_t(max_place_tiles(experts.num_experts, std::int64_t(num_choices))));
  arrays.places.wide.tiles =
      parts.take<PlaceTile>(std::size_t(max_wide_tiles(std::int64_t(num_choices))));
  arrays.places.narrow.count = parts.take<int>(2);
  arrays.places.wide.count = arrays.places.narrow.count + 1;
  arrays.rows =
      parts.take<T>(std::size_t(num_rows) * std::size_t(padded_cols(experts.shape.hidden)));
  arrays.activations = parts.take<T>(num_choices * std::size_t(padded_cols(experts.shape.width)));
  arrays.contributions = parts.take<float>(num_choices * std::size_t(experts.shape.hidden));
  return arrays;
}

/// All experts' weights, of which a thread block takes one tile of one expert.
template <class T>
struct Weights {
  const T* first;
  ExpertStrides strides;
};

template <class T>
__device__ ProductOperands<T> operands_of(const Weights<T>& weights, int expert, int tile,
                                          int num_cols) {
  ProductOperands<T> in;
  in.weight = weights.first + expert * weights.strides.expert + tile * weights.strides.tile;
  in.feature_stride = weights.strides.feature;
  in.step_stride = weights.strides.step;
  in.num_features = kProductFeatures;
  in.depth = num_cols;
  in.x_stride = num_cols;
  return in;
}

/// activations[place] = silu(gate row) * (up row).  Grid: tiles of 128 rows, tiles of places.
template <class T, class Shared>
__global__ void __launch_bounds__(kProductThreads)
    gate_up_kernel(Weights<T> weights, PlaceTiles tiles, Arrays<T> arrays, int top_k,
                   int padded_hidden, int padded_width) {
  if (int(blockIdx.y) >= *tiles.count) return;
  const PlaceTile tile = tiles.tiles[blockIdx.y];
  auto& shared = dynamic_shared<Shared>();
  if (int(threadIdx.x) < tile.num_places) {
    shared.x_rows[threadIdx.x] =
        arrays.places.choice_of_place[tile.first_place + int(threadIdx.x)] / top_k;
  }
  __syncthreads();
  ProductOperands<T> in = operands_of(weights, tile.expert, int(blockIdx.x), padded_hidden);
  in.x = arrays.rows;
  in.x_rows = shared.x_rows;
  in.num_rows = tile.num_places;
  multiply_each(shared.product, in, [&](int feature, int row, float gate, float up) {
    const int column = int(blockIdx.x) * (kProductFeatures / 2) + feature / 16 * 8 + feature % 8;
    if (row >= tile.num_places || column >= padded_width) return;
    arrays.activations[std::int64_t{tile.first_place + row} * padded_width + column] =
        from_float<T>(swiglu(gate, up));
  });
}

/// contributions[place] = down activations[place].  Grid as above.
template <class T, class Shared>
__global__ void __launch_bounds__(kProductThreads)
    down_kernel(Weights<T> weights, PlaceTiles tiles, Arrays<T> arrays, int hidden,
                int padded_width) {
  if (int(blockIdx.y) >= *tiles.count) return;
  const PlaceTile tile = tiles.tiles[blockIdx.y];
  auto& shared = dynamic_shared<Shared>();
  if (int(threadIdx.x) < tile.num_places) {
    shared.x_rows[threadIdx.x] = tile.first_place + int(threadIdx.x);
  }
  __syncthreads();
  ProductOperands<T> in = operands_of(weights, tile.expert, int(blockIdx.x), padded_width);
  in.x = arrays.activations;
  in.x_rows = shared.x_rows;
  in.num_rows = tile.num_places;
  multiply_each(shared.product, in, [&](int feature, int row, float low, float high) {
    const int column = int(blockIdx.x) * kProductFeatures + feature;
    if (row >= tile.num_places) return;
    float* const to = arrays.contributions + std::int64_t{tile.first_place + row} * hidden;
    if (column < hidden) to[column] = low;
    if (column + 8 < hidden) to[column + 8] = high;
  });
}

struct ShareEnds {
  int end[kNumShares];
  int count;
};

struct SumChoice {
  int place;
  int share;
  float weight;
};
struct SumShared {
  SumChoice choice[Experts::kMaxTopK];
};

/// The shares by tree, each in the order of the choice. Grid: rows, pieces of the columns.
__global__ void sum_choices_kernel(const float* contributions, const int* place_of_choice,
                                   const std::int32_t* expert_ids, const float* expert_weights,
                                   int first_expert, int top_k, ShareEnds shares, Tensor out) {
  SumShared& shared = block_shared<SumShared>();
  const std::int64_t row = blockIdx.x;
  if (row >= RowCount{out.rows, out.live_rows}.now()) return;
  if (int(threadIdx.x) < top_k) {
    const std::int64_t choice = row * top_k + int(threadIdx.x);
    SumChoice& mine = shared.choice[threadIdx.x];
    mine = {place_of_choice[choice], 0, expert_weights[choice]};
    if (mine.place >= 0) {
      while (shares.end[mine.share] <= expert_ids[choice] - first_expert) ++mine.share;
    }
  }
  __syncthreads();
  const int column = int(blockIdx.y) * kSumThreads + int(threadIdx.x);
  if (column >= out.cols) return;
  float parts[kNumShares] = {};
  for (int k = 0; k < top_k; ++k) {
    const SumChoice choice = shared.choice[k];
    if (choice.place < 0) continue;
    const float value = contributions[std::int64_t{choice.place} * out.cols + column];
#pragma unroll
    for (int s = 0; s < kNumShares; ++s) {
      if (s == choice.share) parts[s] = fmaf(choice.weight, value, parts[s]);
    }
  }
#pragma unroll
  for (int width = kNumShares / 2; width > 0; width /= 2) {
    if (width >= shares.count) continue;
#pragma unroll
    for (int s = 0; s < kNumShares / 2; ++s) {
      if (s < width) parts[s] = parts[2 * s] + parts[2 * s + 1];
    }
  }
  set_number(out.data, out.dtype, row * out.cols + column, parts[0]);
}

__global__ void zero_kernel(Tensor out) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kSumThreads + threadIdx.x;
  const std::int64_t num_rows = RowCount{out.rows, out.live_rows}.now();
  if (i < num_rows * out.cols) set_number(out.data, out.dtype, i, 0.0f);
}

unsigned blocks_for(std::int64_t count, int per_block) {
  return unsigned((count + per_block - 1) / per_block);
}

/// The experts of all places in `tiles`, of which there are at most `most`.
template <class T, class Shared>
void multiply_experts(const ExpertsView& view, const Arrays<T>& arrays, const PlaceTiles& tiles,
                      int most, int top_k, cudaStream_t stream) {
  const int padded_hidden = int(view.shape.gate_up_cols());
  const int padded_width = int(view.shape.down_cols());
  const auto grid = [&](std::int64_t num_rows) {
    return dim3(unsigned(num_rows / kProductFeatures), unsigned(most));
  };
  launch(gate_up_kernel<T, Shared>,
         {grid(view.shape.gate_up_rows()), dim3(kProductThreads), sizeof(Shared), stream},
         Weights<T>{static_cast<const T*>(view.gate_up), view.gate_up_strides()}, tiles, arrays,
         top_k, padded_hidden, padded_width);
  launch(down_kernel<T, Shared>,
         {grid(view.shape.down_rows()), dim3(kProductThreads), sizeof(Shared), stream},
         Weights<T>{static_cast<const T*>(view.down), view.down_strides()}, tiles, arrays,
         view.shape.hidden, padded_width);
}

template <class T>
void run(const Experts& op, const ExpertsView& view, void* scratch, cudaStream_t stream) {
  const int num_rows = op.x.rows, num_choices = num_rows * op.top_k, hidden = view.shape.hidden;
  ScratchParts parts(scratch);
  const Arrays<T> arrays = arrays_in<T>(parts, view, num_rows, op.top_k);
  sort_choices(op, view.num_experts, has_wide_tiles<T>(num_rows), arrays.places, stream);
  pack_rows(op.x, rows_of(view), arrays.rows, stream);
  multiply_experts<T, RowsAndProduct<T>>(view, arrays, arrays.places.narrow,
                                         int(max_place_tiles(view.num_experts, num_choices)),
                                         op.top_k, stream);
  if constexpr (std::is_same_v<T, bf16>) {
    if (has_wide_tiles<T>(num_rows)) {
      multiply_experts<T, RowsAndWideProduct>(view, arrays, arrays.places.wide,
                                              int(max_wide_tiles(num_choices)), op.top_k, stream);
    }
  }
  ShareEnds shares{};
  shares.count = view.shares.count;
  for (int s = 0; s < view.shares.count; ++s) {
    shares.end[s] = int(view.shares.offset[std::size_t(s) + 1]);
  }
  launch(sum_choices_kernel,
         {dim3(unsigned(num_rows), blocks_for(hidden, kSumThreads)), dim3(kSumThreads), 0, stream},
         arrays.contributions, arrays.places.place_of_choice, op.expert_ids, op.expert_weights,
         op.first_expert, op.top_k, shares, op.out);
}

}  // namespace

std::size_t scratch_bytes(const Experts& op) {
  const ExpertsView& view = view_of(op.experts);
  ScratchParts parts(nullptr);
  with_element(view.dtype, [&](auto element) {
    arrays_in<decltype(element)>(parts, view, op.x.rows, op.top_k);
  });
  return parts.bytes();
}

void enqueue(const Experts& op, void* scratch, cudaStream_t stream) {
  if (op.x.rows == 0) return;
  const ExpertsView& view = view_of(op.experts);
  if (view.num_experts == 0) {
    const std::int64_t count = std::int64_t{op.out.rows} * op.out.cols;
    launch(zero_kernel, {dim3(blocks_for(count, kSumThreads)), dim3(kSumThreads), 0, stream},
           op.out);
    return;
  }
  with_element(view.dtype,
               [&](auto element) { run<decltype(element)>(op, view, scratch, stream); });
}

}  // namespace unmask::kernels
