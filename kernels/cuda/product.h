/// The matrix product of all kernels that stream weights: 128 features, each weight read once,
/// times up to 64 rows of x picked by index. Sums stay in registers, each over ascending columns,
/// so a sum's bytes depend on nothing but its feature and its row.

#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/ptx.h"
#include "kernels/cuda/work_sizes.h"

namespace unmask::kernels {

constexpr int kProductThreads = 128;  // four warps, each 32 features and all rows

/// What one thread block multiplies.
template <class T>
struct ProductOperands {
  const T* weight = nullptr;        ///< the first feature's first column
  std::int64_t feature_stride = 0;  ///< elements from a feature to the next
  std::int64_t step_stride = 0;     ///< elements from a step's columns to the next step's
  int num_features = 0;             ///< 1 to 128; those beyond repeat the last one
  const T* x = nullptr;
  std::int64_t x_stride = 0;
  const int* x_rows = nullptr;  ///< in shared memory: the row of x of each row of the product
  int num_rows = 0;             ///< 1 to 64; what is beyond is not a number to rely on
  int depth = 0;                ///< columns, a multiple of kColsPerStep
};

template <class T>
struct ProductShared;

template <>
struct ProductShared<bf16> {
  static constexpr int kStages = 4;
  alignas(128) bf16 weight[kStages][kProductFeatures][kColsPerStep];
  alignas(128) bf16 x[kStages][kProductRows][kColsPerStep];
};

template <>
struct ProductShared<float> {
  static constexpr int kDepth = 16;
  float weight[kProductFeatures][kDepth + 1];
  float x[kProductRows][kDepth + 1];
};

/// The sums of one thread: kTiles tiles of eight rows. See for_each_pair for whose they are.
template <int kTiles>
using ProductSums = float[2][kTiles][4];

/// Where the 16 bytes of a row that begin at column 8 * chunk lie: eight rows read at one chunk
/// fall into different banks.
__device__ inline int swizzled(int row, int chunk) { return (chunk ^ (row & 7)) * 8; }

/// Starts copying step `step`; rows of x beyond the last stay as they are.
template <class Shared>
__device__ void load_step(Shared& shared, const ProductOperands<bf16>& in, int step) {
  constexpr int kChunks = kColsPerStep / 8;
  const int stage = step % Shared::kStages;
  const int chunk = int(threadIdx.x) % kChunks, first = int(threadIdx.x) / kChunks;
  const bf16* const weight = in.weight + step * in.step_stride + chunk * 8;
  const bf16* const x = in.x + step * kColsPerStep + chunk * 8;
  for (int i = first; i < kProductFeatures; i += kProductThreads / kChunks) {
    const int feature = i < in.num_features ? i : in.num_features - 1;
    cp_async_16(&shared.weight[stage][i][swizzled(i, chunk)], weight + feature * in.feature_stride);
  }
  for (int i = first; i < in.num_rows; i += kProductThreads / kChunks) {
    cp_async_16(&shared.x[stage][i][swizzled(i, chunk)], x + in.x_rows[i] * in.x_stride);
  }
}

template <int kTiles>
__device__ void add_step(const ProductShared<bf16>& shared, int stage, ProductSums<kTiles>& sums) {
  const int lane = int(threadIdx.x) % kWarpSize, warp = int(threadIdx.x) / kWarpSize;
#pragma unroll
  for (int k = 0; k < kColsPerStep / 8; k += 4) {  // in chunks; two products of 16 columns
    std::uint32_t a[2][2][4];
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int feature = warp * 32 + m * 16 + lane % 16;
        ldmatrix_x4(a[m][half],
                    &shared.weight[stage][feature][swizzled(feature, k + half * 2 + lane / 16)]);
      }
    }
    std::uint32_t b[kTiles][4];
#pragma unroll
    for (int n = 0; n < kTiles; ++n) {
      const int row = n * 8 + lane % 8;
      ldmatrix_x4(b[n], &shared.x[stage][row][swizzled(row, k + lane / 8)]);
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {  // outermost: no product waits for the one before it
#pragma unroll
      for (int n = 0; n < kTiles; ++n) {
        const std::uint32_t x[2] = {b[n][half * 2], b[n][half * 2 + 1]};
#pragma unroll
        for (int m = 0; m < 2; ++m) mma_m16n8k16(sums[m][n], a[m][half], x);
      }
    }
  }
}

/// Calls add(stage) for every step once it is there, while later ones are copied. Ends with a
/// barrier: `shared` may be used for something else.
template <class Shared, class Add>
__device__ void stream_steps(Shared& shared, const ProductOperands<bf16>& in, Add&& add) {
  constexpr int kStages = Shared::kStages;
  const int num_steps = in.depth / kColsPerStep;
  for (int step = 0; step < kStages - 1; ++step) {
    if (step < num_steps) load_step(shared, in, step);
    cp_async_commit();
  }
  for (int step = 0; step < num_steps; ++step) {
    cp_async_wait<kStages - 2>();
    __syncthreads();  // the step is there, and nobody reads the one before it any more
    if (step + kStages - 1 < num_steps) load_step(shared, in, step + kStages - 1);
    cp_async_commit();
    add(step % kStages);
  }
  __syncthreads();
}

/// sums = weight * x^T. Ends with a barrier, too.
template <int kTiles>
__device__ void multiply(ProductShared<bf16>& shared, const ProductOperands<bf16>& in,
                         ProductSums<kTiles>& sums) {
  stream_steps(shared, in, [&](int stage) { add_step<kTiles>(shared, stage, sums); });
}

/// The same in f32, with the sums owned by the same threads.
template <int kTiles>
__device__ void multiply(ProductShared<float>& shared, const ProductOperands<float>& in,
                         ProductSums<kTiles>& sums) {
  constexpr int kDepth = ProductShared<float>::kDepth;
  const int lane = int(threadIdx.x) % kWarpSize, warp = int(threadIdx.x) / kWarpSize;
  for (int k = 0; k < in.depth; k += kDepth) {
    const std::int64_t at = k / kColsPerStep * in.step_stride + k % kColsPerStep;
    for (int i = int(threadIdx.x); i < kProductFeatures * kDepth; i += kProductThreads) {
      const int row = i / kDepth, column = i % kDepth;
      const int feature = row < in.num_features ? row : in.num_features - 1;
      shared.weight[row][column] = in.weight[feature * in.feature_stride + at + column];
    }
    for (int i = int(threadIdx.x); i < in.num_rows * kDepth; i += kProductThreads) {
      const int row = i / kDepth, column = i % kDepth;
      shared.x[row][column] = in.x[in.x_rows[row] * in.x_stride + k + column];
    }
    __syncthreads();
    for (int column = 0; column < kDepth; ++column) {
      float weight[2][2];
      for (int i = 0; i < 4; ++i) {
        weight[i / 2][i % 2] = shared.weight[warp * 32 + i * 8 + lane / 4][column];
      }
      for (int n = 0; n < kTiles; ++n) {
        for (int c = 0; c < 2; ++c) {
          const float x = shared.x[n * 8 + lane % 4 * 2 + c][column];
          for (int i = 0; i < 4; ++i) {
            float& sum = sums[i / 2][n][i % 2 * 2 + c];
            sum = fmaf(weight[i / 2][i % 2], x, sum);
          }
        }
      }
    }
    __syncthreads();
  }
}

/// Calls f(feature, row, sum, sum of feature + 8) for all that this thread holds; feature % 16 < 8.
template <int kTiles, class F>
__device__ void for_each_pair(const ProductSums<kTiles>& sums, F&& f) {
  const int lane = int(threadIdx.x) % kWarpSize, warp = int(threadIdx.x) / kWarpSize;
#pragma unroll
  for (int m = 0; m < 2; ++m) {
#pragma unroll
    for (int n = 0; n < kTiles; ++n) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        f(warp * 32 + m * 16 + lane / 4, n * 8 + lane % 4 * 2 + c, sums[m][n][c],
          sums[m][n][c + 2]);
      }
    }
  }
}

/// Multiplies with as few tiles of rows as will do and gives each pair of sums to `f`.
template <class T, class F>
__device__ void multiply_each(ProductShared<T>& shared, const ProductOperands<T>& in, F&& f) {
  const auto with_tiles = [&](auto tiles) {
    constexpr int kTiles = decltype(tiles)::value;
    ProductSums<kTiles> sums = {};
    multiply<kTiles>(shared, in, sums);
    for_each_pair<kTiles>(sums, f);
  };
  if (in.num_rows <= 8)
    with_tiles(std::integral_constant<int, 1>());
  else if (in.num_rows <= 16)
    with_tiles(std::integral_constant<int, 2>());
  else if (in.num_rows <= 32)
    with_tiles(std::integral_constant<int, 4>());
  else
    with_tiles(std::integral_constant<int, 8>());
}

/// A thread block's shared memory: the rows of x, and what is multiplied.
template <class T>
struct RowsAndProduct {
  static constexpr int kRows = kProductRows;

  int x_rows[kRows];
  ProductShared<T> product;
};

}  // namespace unmask::kernels
