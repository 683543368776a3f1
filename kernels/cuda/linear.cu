// A matrix product in three steps: rows in the layout of the weights, a sum for each share of the
// columns, and the tree over the shares. Within a share a sum runs over the columns in order,
// whatever the number of rows, and wherever a row stands among them.

#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/ptx.h"
#include "kernels/cuda/tree_sum.h"

namespace unmask::kernels {
namespace {

constexpr int kElementwiseThreads = 256;

/// Packs a row per thread block.
template <typename From, typename To>
__global__ void pack_rows_kernel(const From* x, ShareOffsets cols, ShareOffsets padded, To* out) {
  const From* const from = x + std::size_t(blockIdx.x) * std::size_t(cols.offset[cols.count]);
  To* const to = out + std::size_t(blockIdx.x) * std::size_t(padded.offset[padded.count]);
  for (int i = 0; i < cols.count; ++i) {
    const int begin = int(cols.offset[i]), count = int(cols.offset[i + 1]) - begin;
    const int first = int(padded.offset[i]), width = int(padded.offset[i + 1]) - first;
    for (int j = int(threadIdx.x); j < width; j += kElementwiseThreads) {
      to[first + j] = from_float<To>(j < count ? to_float(from[begin + j]) : 0.0f);
    }
  }
}

/// What a product multiplies, and where a share's sums go: out + share * rows * features.
template <typename T>
struct Product {
  const T* x;        // [num_rows, stride]
  const T* weights;  // [num_features, stride]
  int num_rows;
  int num_features;
  ShareOffsets padded;

  [[nodiscard]] __device__ int stride() const { return int(padded.offset[padded.count]); }
};

/// Rows beyond the last are taken for the last; what they give is not stored.
template <typename T>
__device__ const T* row_of(const T* matrix, int row, int num_rows, int stride) {
  return matrix + std::size_t(row < num_rows ? row : num_rows - 1) * std::size_t(stride);
}

// f32: each thread sums 4 rows times 4 features with fused multiply-adds.

constexpr int kF32Threads = 128;
constexpr int kF32Features = 64;
constexpr int kF32Rows = 32;
constexpr int kF32Cols = 32;
constexpr int kF32RowFloats = kF32Cols + 4;  // padded, so that no two rows share their banks

struct F32Shared {
  alignas(16) float weights[kF32Features][kF32RowFloats];
  alignas(16) float x[kF32Rows][kF32RowFloats];
};

template <int kRows>
__device__ void load_f32_tile(float (&tile)[kRows][kF32RowFloats], const float* matrix, int first,
                              int num_rows, int stride, int col) {
  constexpr int kVectors = kF32Cols / 4;
  for (int i = int(threadIdx.x); i < kRows * kVectors; i += kF32Threads) {
    const int row = i / kVectors, j = i % kVectors * 4;
    store_4(&tile[row][j], load_4(row_of(matrix, first + row, num_rows, stride) + col + j));
  }
}

__device__ float dot_4(float4 a, float4 b, float sum) {
  return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

/// Grid: tiles of features, tiles of rows, shares.
template <typename Out>
__global__ void __launch_bounds__(kF32Threads) multiply_f32_kernel(Product<float> p, Out* out) {
  F32Shared& shared = block_shared<F32Shared>();
  const int first_feature = int(blockIdx.x) * kF32Features, first_row = int(blockIdx.y) * kF32Rows;
  const int share = int(blockIdx.z), stride = p.stride();
  const int lane = int(threadIdx.x) % 16, group = int(threadIdx.x) / 16;
  float sums[4][4] = {};
  for (int col = int(p.padded.offset[share]); col < int(p.padded.offset[share + 1]);
       col += kF32Cols) {
    load_f32_tile(shared.weights, p.weights, first_feature, p.num_features, stride, col);
    load_f32_tile(shared.x, p.x, first_row, p.num_rows, stride, col);
    __syncthreads();  // the tiles are there
    for (int k = 0; k < kF32Cols; k += 4) {
      float4 w[4], x[4];
      for (int i = 0; i < 4; ++i) w[i] = load_4(&shared.weights[lane + 16 * i][k]);
      for (int i = 0; i < 4; ++i) x[i] = load_4(&shared.x[group + 8 * i][k]);
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) sums[i][j] = dot_4(x[i], w[j], sums[i][j]);
      }
    }
    __syncthreads();  // the tiles may be overwritten
  }
  out += std::size_t(share) * std::size_t(p.num_rows) * std::size_t(p.num_features);
  for (int i = 0; i < 4; ++i) {
    const int row = first_row + group + 8 * i;
    for (int j = 0; j < 4; ++j) {
      const int feature = first_feature + lane + 16 * j;
      if (row >= p.num_rows || feature >= p.num_features) continue;
      out[std::size_t(row) * std::size_t(p.num_features) + feature] = from_float<Out>(sums[i][j]);
    }
  }
}

// bf16: each warp multiplies 16 features with up to 64 rows on tensor cores. Features are the rows
// of the instruction, because there are always enough of them.

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * kWarpSize;
constexpr int kFeatures = kWarps * 16;
constexpr int kRows = 64;
constexpr int kCols = kColsPerStep;
constexpr int kRowElements = kCols + 8;  // padded, so that ldmatrix meets no bank twice
constexpr int kStages = 4;

struct Bf16Stage {
  alignas(16) bf16 weights[kFeatures][kRowElements];
  alignas(16) bf16 x[kRows][kRowElements];
};
struct Bf16Shared {
  Bf16Stage stages[kStages];
};

template <int kTileRows>
__device__ void load_bf16_tile(bf16 (&tile)[kTileRows][kRowElements], int num_tile_rows,
                               const bf16* matrix, int first, int num_rows, int stride, int col) {
  constexpr int kVectors = kCols / 8;
  for (int i = int(threadIdx.x); i < num_tile_rows * kVectors; i += kThreads) {
    const int row = i / kVectors, j = i % kVectors * 8;
    cp_async_16(&tile[row][j], row_of(matrix, first + row, num_rows, stride) + col + j);
  }
}

/// sums[i] += the warp's 16 features times rows 8 i .. 8 i + 7, for i < num_tiles, which is even.
__device__ void multiply_stage(const Bf16Stage& stage, int num_tiles, float (&sums)[kRows / 8][4]) {
  const int lane = int(threadIdx.x) % kWarpSize, warp = int(threadIdx.x) / kWarpSize;
#pragma unroll
  for (int k = 0; k < kCols; k += 16) {
    std::uint32_t w[4];
    ldmatrix_x4(w, &stage.weights[warp * 16 + lane % 16][k + lane / 16 * 8]);
#pragma unroll
    for (int i = 0; i < kRows / 8; i += 2) {
      if (i >= num_tiles) break;
      std::uint32_t x[4];
      ldmatrix_x4(x, &stage.x[i * 8 + lane / 16 * 8 + lane % 8][k + lane / 8 % 2 * 8]);
      const std::uint32_t low[2] = {x[0], x[1]}, high[2] = {x[2], x[3]};
      mma_m16n8k16(sums[i], w, low);
      mma_m16n8k16(sums[i + 1], w, high);
    }
  }
}

/// Grid: tiles of features, tiles of rows, shares.
template <typename Out>
__global__ void __launch_bounds__(kThreads) multiply_bf16_kernel(Product<bf16> p, Out* out) {
  Bf16Shared& shared = dynamic_shared<Bf16Shared>();
  const int first_feature = int(blockIdx.x) * kFeatures, first_row = int(blockIdx.y) * kRows;
  const int share = int(blockIdx.z), stride = p.stride();
  const int rows_left = p.num_rows - first_row;
  const int num_tiles = rows_left < kRows ? (rows_left + 15) / 16 * 2 : kRows / 8;
  const int first_col = int(p.padded.offset[share]);
  const int num_steps = (int(p.padded.offset[share + 1]) - first_col) / kCols;
  const auto load_stage = [&](int step) {
    if (step < num_steps) {
      Bf16Stage& stage = shared.stages[step % kStages];
      const int col = first_col + step * kCols;
      load_bf16_tile(stage.weights, kFeatures, p.weights, first_feature, p.num_features, stride,
                     col);
      load_bf16_tile(stage.x, num_tiles * 8, p.x, first_row, p.num_rows, stride, col);
    }
    cp_async_commit();  // empty groups keep the count of those in flight
  };

  float sums[kRows / 8][4] = {};
  for (int step = 0; step < kStages - 1; ++step) load_stage(step);
  for (int step = 0; step < num_steps; ++step) {
    cp_async_wait<kStages - 2>();
    __syncthreads();  // this stage is there, and all are done with the one before
    load_stage(step + kStages - 1);
    multiply_stage(shared.stages[step % kStages], num_tiles, sums);
  }
  cp_async_wait<0>();

  const int lane = int(threadIdx.x) % kWarpSize, warp = int(threadIdx.x) / kWarpSize;
  out += std::size_t(share) * std::size_t(p.num_rows) * std::size_t(p.num_features);
  for (int i = 0; i < kRows / 8; ++i) {
    for (int r = 0; r < 4; ++r) {
      const int row = first_row + i * 8 + lane % 4 * 2 + r % 2;
      const int feature = first_feature + warp * 16 + lane / 4 + r / 2 * 8;
      if (row >= p.num_rows || feature >= p.num_features) continue;
      out[std::size_t(row) * std::size_t(p.num_features) + feature] = from_float<Out>(sums[i][r]);
    }
  }
}

template <int kParts, typename Out>
__global__ void sum_shares_kernel(const float* parts, std::size_t count, Out* out) {
  const std::size_t i = std::size_t(blockIdx.x) * kElementwiseThreads + threadIdx.x;
  if (i < count) out[i] = from_float<Out>(tree_sum<kParts>(parts + i, count));
}

/// One sum per share: to `out` itself if there is one share.
template <typename Out>
void multiply_shares(const void* x, int num_rows, const MatrixView& weight, Out* out,
                     cudaStream_t stream) {
  const auto tiles = [](int size, int tile) { return unsigned((size + tile - 1) / tile); };
  const auto shares = unsigned(weight.cols.count);
  if (weight.dtype == DType::kF32) {
    const dim3 grid(tiles(weight.rows, kF32Features), tiles(num_rows, kF32Rows), shares);
    launch(multiply_f32_kernel<Out>, {grid, dim3(kF32Threads), 0, stream},
           Product<float>{static_cast<const float*>(x), static_cast<const float*>(weight.data),
                          num_rows, weight.rows, weight.padded},
           out);
  } else {
    const dim3 grid(tiles(weight.rows, kFeatures), tiles(num_rows, kRows), shares);
    launch(multiply_bf16_kernel<Out>, {grid, dim3(kThreads), sizeof(Bf16Shared), stream},
           Product<bf16>{static_cast<const bf16*>(x), static_cast<const bf16*>(weight.data),
                         num_rows, weight.rows, weight.padded},
           out);
  }
}

}  // namespace

void pack_rows(Tensor x, const MatrixView& weight, void* packed, cudaStream_t stream) {
  if (x.rows == 0 || weight.stride() == 0) return;
  with_element(x.dtype, [&](auto from) {
    with_element(weight.dtype, [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      launch(pack_rows_kernel<From, To>,
             {dim3(unsigned(x.rows)), dim3(kElementwiseThreads), 0, stream}, elements<From>(x),
             weight.cols, weight.padded, static_cast<To*>(packed));
    });
  });
}

void multiply_rows(const void* x, const MatrixView& weight, float* partial_sums, Tensor out,
                   cudaStream_t stream) {
  const std::size_t count = std::size_t(out.rows) * std::size_t(out.cols);
  if (count == 0) return;
  with_element(out.dtype, [&](auto element) {
    using Out = decltype(element);
    if (weight.cols.count == 1) {
      return multiply_shares(x, out.rows, weight, elements<Out>(out), stream);
    }
    multiply_shares(x, out.rows, weight, partial_sums, stream);
    with_num_parts(weight.cols.count, [&](auto parts) {
      const dim3 grid(unsigned((count + kElementwiseThreads - 1) / kElementwiseThreads));
      launch(sum_shares_kernel<parts(), Out>, {grid, dim3(kElementwiseThreads), 0, stream},
             partial_sums, count, elements<Out>(out));
    });
  });
}

}  // namespace unmask::kernels
