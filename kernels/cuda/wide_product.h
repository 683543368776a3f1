/// The product of many rows: 128 features times up to 128 rows, 64 products for every number that
/// is loaded where product.h has 43. The sums are the same to the byte: the same columns in the
/// same order.

#pragma once

#include "kernels/cuda/product.h"

namespace unmask::kernels {

constexpr int kWideRows = 128;

struct WideShared {
  static constexpr int kStages = 3;  // two thread blocks have room on a multiprocessor
  alignas(128) bf16 weight[kStages][kProductFeatures][kColsPerStep];
  alignas(128) bf16 x[kStages][kWideRows][kColsPerStep];
};

/// The sums of one thread, whose warp has 64 features and 64 rows.
using WideSums = float[4][8][4];

__device__ inline int wide_first_feature() { return int(threadIdx.x) / kWarpSize % 2 * 64; }
__device__ inline int wide_first_row() { return int(threadIdx.x) / kWarpSize / 2 * 64; }

__device__ inline void add_wide_step(const WideShared& shared, int stage, WideSums& sums) {
  const int lane = int(threadIdx.x) % kWarpSize;
  const int first_feature = wide_first_feature(), first_row = wide_first_row();
#pragma unroll
  for (int k = 0; k < kColsPerStep / 8; k += 2) {  // in chunks; one product of 16 columns
    std::uint32_t a[4][4];
#pragma unroll
    for (int m = 0; m < 4; ++m) {
      const int feature = first_feature + m * 16 + lane % 16;
      ldmatrix_x4(a[m], &shared.weight[stage][feature][swizzled(feature, k + lane / 16)]);
    }
#pragma unroll
    for (int n = 0; n < 8; n += 2) {
      std::uint32_t b[4];  // of two tiles of eight rows
      const int row = first_row + (n + lane / 16) * 8 + lane % 8;
      ldmatrix_x4(b, &shared.x[stage][row][swizzled(row, k + lane / 8 % 2)]);
#pragma unroll
      for (int tile = 0; tile < 2; ++tile) {
        const std::uint32_t x[2] = {b[tile * 2], b[tile * 2 + 1]};
#pragma unroll
        for (int m = 0; m < 4; ++m) mma_m16n8k16(sums[m][n + tile], a[m], x);
      }
    }
  }
}

/// As that of 64 rows: calls f(feature, row, sum, sum of feature + 8), feature % 16 < 8.
template <class F>
__device__ void multiply_each(WideShared& shared, const ProductOperands<bf16>& in, F&& f) {
  WideSums sums = {};
  stream_steps(shared, in, [&](int stage) { add_wide_step(shared, stage, sums); });
  const int lane = int(threadIdx.x) % kWarpSize;
#pragma unroll
  for (int m = 0; m < 4; ++m) {
#pragma unroll
    for (int n = 0; n < 8; ++n) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        f(wide_first_feature() + m * 16 + lane / 4, wide_first_row() + n * 8 + lane % 4 * 2 + c,
          sums[m][n][c], sums[m][n][c + 2]);
      }
    }
  }
}

/// A thread block's shared memory, as RowsAndProduct.
struct RowsAndWideProduct {
  static constexpr int kRows = kWideRows;

  int x_rows[kRows];
  WideShared product;
};

}  // namespace unmask::kernels
