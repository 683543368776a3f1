// A matrix product: rows in the layout of the weights, a sum for each share of the columns, and the
// tree over the shares. Within a share a sum runs over the columns in order, whatever the number of
// rows, and wherever a row stands among them.

#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/ptx.h"
#include "kernels/cuda/row_count.h"
#include "kernels/cuda/scratch_parts.h"
#include "kernels/cuda/tree_sum.h"

namespace unmask::kernels {
namespace {

constexpr int kElementwiseThreads = 256;

/// Packs a row per thread block.
template <typename From, typename To>
__global__ void pack_rows_kernel(const From* x, RowCount rows, ShareOffsets cols,
                                 ShareOffsets padded, To* out) {
  if (int(blockIdx.x) >= rows.now()) return;
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

/// What a product multiplies.
template <typename T>
struct Product {
  const T* x;        // [rows, stride]
  const T* weights;  // [num_features, stride]
  RowCount rows;
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

/// Sums go to out + share * rows * features. Grid: tiles of features, tiles of rows, shares.
template <typename Out>
__global__ void __launch_bounds__(kF32Threads) multiply_f32_kernel(Product<float> p, Out* out) {
  F32Shared& shared = block_shared<F32Shared>();
  const int first_feature = int(blockIdx.x) * kF32Features, first_row = int(blockIdx.y) * kF32Rows;
  const int share = int(blockIdx.z), stride = p.stride();
  const int lane = int(threadIdx.x) % 16, group = int(threadIdx.x) / 16;
  const int num_rows = p.rows.now();
  if (first_row >= num_rows) return;
  float sums[4][4] = {};
  for (int col = int(p.padded.offset[share]); col < int(p.padded.offset[share + 1]);
       col += kF32Cols) {
    load_f32_tile(shared.weights, p.weights, first_feature, p.num_features, stride, col);
    load_f32_tile(shared.x, p.x, first_row, num_rows, stride, col);
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
  out += std::size_t(share) * std::size_t(p.rows.capacity) * std::size_t(p.num_features);
  for (int i = 0; i < 4; ++i) {
    const int row = first_row + group + 8 * i;
    for (int j = 0; j < 4; ++j) {
      const int feature = first_feature + lane + 16 * j;
      if (row >= num_rows || feature >= p.num_features) continue;
      out[std::size_t(row) * std::size_t(p.num_features) + feature] = from_float<Out>(sums[i][j]);
    }
  }
}

// bf16: a thread block has 32 features and up to 64 rows, and each of its warps a share of the
// columns, which it loads and multiplies on tensor cores without waiting for the others. Features
// are the rows of the instruction, because there are always enough of them.

constexpr int kFeatures = 32;
constexpr int kRows = 64;
constexpr int kCols = 32;
constexpr int kStages = 2;
static_assert(kColsPerStep % kCols == 0);

struct Bf16Stage {
  alignas(128) bf16 weights[kFeatures][kCols];
  alignas(128) bf16 x[kRows][kCols];
};
template <int kShares>
union Bf16Shared {
  Bf16Stage stages[kShares][kStages];
  float sums[kShares][kRows][kFeatures + 4];  // padded, so that a warp's stores share no bank
};

/// Where the 16 bytes that begin at column 8 * chunk lie, of rows of 64 bytes: eight rows read at
/// one chunk fall into different banks.
__device__ inline int swizzled_64(int row, int chunk) { return (chunk ^ (row / 2 & 3)) * 8; }

/// Starts copying rows of `matrix`; all lanes of a warp come here.
template <int kTileRows>
__device__ void load_bf16_tile(bf16 (&tile)[kTileRows][kCols], int num_tile_rows,
                               const bf16* matrix, int first, int num_rows, int stride) {
  constexpr int kChunks = kCols / 8, kRowsAtOnce = kWarpSize / kChunks;
  const int lane = int(threadIdx.x) % kWarpSize, chunk = lane % kChunks;
#pragma unroll
  for (int i = 0; i < kTileRows; i += kRowsAtOnce) {
    if (i >= num_tile_rows) break;
    const int row = i + lane / kChunks;
    cp_async_16(&tile[row][swizzled_64(row, chunk)],
                row_of(matrix, first + row, num_rows, stride) + chunk * 8);
  }
}

/// sums[m][i] += features 16 m .. 16 m + 15 times rows 8 i .. 8 i + 7, for i < num_tiles, which is
/// even.
__device__ void multiply_stage(const Bf16Stage& stage, int num_tiles,
                               float (&sums)[kFeatures / 16][kRows / 8][4]) {
  const int lane = int(threadIdx.x) % kWarpSize;
  std::uint32_t w[kFeatures / 16][kCols / 16][4];
#pragma unroll
  for (int m = 0; m < kFeatures / 16; ++m) {
#pragma unroll
    for (int k = 0; k < kCols / 16; ++k) {
      const int feature = m * 16 + lane % 16;
      ldmatrix_x4(w[m][k], &stage.weights[feature][swizzled_64(feature, k * 2 + lane / 16)]);
    }
  }
#pragma unroll
  for (int i = 0; i < kRows / 8; i += 2) {
    if (i >= num_tiles) break;
    std::uint32_t x[2][4];
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      const int row = (i + j) * 8 + lane % 8;
      ldmatrix_x4(x[j], &stage.x[row][swizzled_64(row, lane / 8)]);
    }
#pragma unroll
    for (int k = 0; k < kCols / 16; ++k) {  // outermost: no product waits for the one before it
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        const std::uint32_t x16[2] = {x[j][k * 2], x[j][k * 2 + 1]};
#pragma unroll
        for (int m = 0; m < kFeatures / 16; ++m) mma_m16n8k16(sums[m][i + j], w[m][k], x16);
      }
    }
  }
}

/// Grid: tiles of features, tiles of rows. A warp per share.
template <int kShares, typename Out>
__global__ void __launch_bounds__(kShares* kWarpSize)
    multiply_bf16_kernel(Product<bf16> p, Out* out) {
  Bf16Shared<kShares>& shared = dynamic_shared<Bf16Shared<kShares>>();
  const int first_feature = int(blockIdx.x) * kFeatures, first_row = int(blockIdx.y) * kRows;
  const int lane = int(threadIdx.x) % kWarpSize, share = int(threadIdx.x) / kWarpSize;
  const int stride = p.stride(), num_rows = p.rows.now(), rows_left = num_rows - first_row;
  if (rows_left <= 0) return;
  const int num_tiles = rows_left < kRows ? (rows_left + 15) / 16 * 2 : kRows / 8;
  const int first_col = int(p.padded.offset[share]);
  const int num_steps = (int(p.padded.offset[share + 1]) - first_col) / kCols;
  const auto load_stage = [&](int step) {
    if (step < num_steps) {
      Bf16Stage& stage = shared.stages[share][step % kStages];
      const int col = first_col + step * kCols;
      load_bf16_tile(stage.weights, kFeatures, p.weights + col, first_feature, p.num_features,
                     stride);
      load_bf16_tile(stage.x, num_tiles * 8, p.x + col, first_row, num_rows, stride);
    }
    cp_async_commit();  // empty groups keep the count of those in flight
  };

  float sums[kFeatures / 16][kRows / 8][4] = {};
  for (int step = 0; step < kStages; ++step) load_stage(step);
  for (int step = 0; step < num_steps; ++step) {
    cp_async_wait<kStages - 1>();
    __syncwarp();  // this stage is there
    multiply_stage(shared.stages[share][step % kStages], num_tiles, sums);
    __syncwarp();  // it may be overwritten
    load_stage(step + kStages);
  }
  cp_async_wait<0>();
  __syncthreads();  // all stages may be overwritten

  for (int m = 0; m < kFeatures / 16; ++m) {
    for (int i = 0; i < kRows / 8; ++i) {
      for (int r = 0; r < 4; ++r) {
        const int row = i * 8 + lane % 4 * 2 + r % 2;
        shared.sums[share][row][m * 16 + lane / 4 + r / 2 * 8] = sums[m][i][r];
      }
    }
  }
  __syncthreads();  // the sums are there
  for (int i = int(threadIdx.x); i < kRows * kFeatures; i += kShares * kWarpSize) {
    const int row = first_row + i / kFeatures, feature = first_feature + i % kFeatures;
    if (row >= num_rows || feature >= p.num_features) continue;
    out[std::size_t(row) * std::size_t(p.num_features) + feature] = from_float<Out>(
        tree_sum<kShares>(&shared.sums[0][i / kFeatures][i % kFeatures], kRows * (kFeatures + 4)));
  }
}

template <int kParts, typename Out>
__global__ void sum_shares_kernel(const float* parts, RowCount rows, int cols, Out* out) {
  const std::size_t i = std::size_t(blockIdx.x) * kElementwiseThreads + threadIdx.x;
  const std::size_t count = std::size_t(rows.capacity) * std::size_t(cols);
  if (i < std::size_t(rows.now()) * std::size_t(cols))
    out[i] = from_float<Out>(tree_sum<kParts>(parts + i, count));
}

unsigned num_tiles_of(int size, int tile) { return unsigned((size + tile - 1) / tile); }

/// One sum per share: to `out` itself if there is one share.
template <typename Out>
void multiply_f32(const Product<float>& product, Out* out, cudaStream_t stream) {
  const dim3 grid(num_tiles_of(product.num_features, kF32Features),
                  num_tiles_of(product.rows.capacity, kF32Rows), unsigned(product.padded.count));
  launch(multiply_f32_kernel<Out>, {grid, dim3(kF32Threads), 0, stream}, product, out);
}

template <int kShares, typename Out>
void multiply_bf16(const Product<bf16>& product, Out* out, cudaStream_t stream) {
  const dim3 grid(num_tiles_of(product.num_features, kFeatures),
                  num_tiles_of(product.rows.capacity, kRows));
  launch(multiply_bf16_kernel<kShares, Out>,
         {grid, dim3(kShares * kWarpSize), sizeof(Bf16Shared<kShares>), stream}, product, out);
}

template <typename T>
Product<T> product_of(const void* x, RowCount rows, const MatrixView& weight) {
  return {static_cast<const T*>(x), static_cast<const T*>(weight.data), rows, weight.rows,
          weight.padded};
}

struct Scratch {
  void* rows;           // packed; null: x is what it has to be
  float* partial_sums;  // [shares, n, rows of weight]; null: sums are made in one piece
};

Scratch scratch_in(ScratchParts& parts, const Linear& op, const MatrixView& weight) {
  const auto num_rows = std::size_t(op.x.rows);
  Scratch scratch{};
  if (op.x.dtype != weight.dtype || weight.stride() != op.x.cols) {
    scratch.rows =
        parts.take<std::byte>(num_rows * std::size_t(weight.stride()) * size_of(weight.dtype));
  }
  if (weight.cols.count > 1 && weight.dtype == DType::kF32) {
    scratch.partial_sums =
        parts.take<float>(std::size_t(weight.cols.count) * num_rows * std::size_t(weight.rows));
  }
  return scratch;
}

/// out = x * weight^T of packed rows. x: aligned to 16 bytes
void multiply_rows(const void* x, const MatrixView& weight, float* partial_sums, Tensor out,
                   cudaStream_t stream) {
  const std::size_t count = std::size_t(out.rows) * std::size_t(out.cols);
  if (count == 0) return;
  with_element(out.dtype, [&](auto element) {
    using Out = decltype(element);
    with_num_parts(weight.cols.count, [&](auto parts) {
      if (weight.dtype == DType::kBF16) {
        multiply_bf16<parts()>(product_of<bf16>(x, row_count(out), weight), elements<Out>(out),
                               stream);
        return;
      }
      const auto product = product_of<float>(x, row_count(out), weight);
      if constexpr (parts() == 1) {
        multiply_f32(product, elements<Out>(out), stream);
      } else {
        multiply_f32(product, partial_sums, stream);
        launch(sum_shares_kernel<parts(), Out>,
               {dim3(num_tiles_of(int(count), kElementwiseThreads)), dim3(kElementwiseThreads), 0,
                stream},
               partial_sums, row_count(out), out.cols, elements<Out>(out));
      }
    });
  });
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
             row_count(x), weight.cols, weight.padded, static_cast<To*>(packed));
    });
  });
}

std::size_t scratch_bytes(const Linear& op) {
  ScratchParts parts(nullptr);
  scratch_in(parts, op, view_of(op.weight));
  return parts.bytes();
}

void enqueue(const Linear& op, void* scratch, cudaStream_t stream) {
  const MatrixView& weight = view_of(op.weight);
  ScratchParts parts(scratch);
  const Scratch arrays = scratch_in(parts, op, weight);
  if (arrays.rows != nullptr) pack_rows(op.x, weight, arrays.rows, stream);
  multiply_rows(arrays.rows != nullptr ? arrays.rows : op.x.data, weight, arrays.partial_sums,
                op.out, stream);
}

}  // namespace unmask::kernels
