// The probabilities of 64 rows at a time, then their product with the table, in f32. Shares are cut
// into pieces of fixed borders, each summed in the order of its ids.

#include <algorithm>

#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/numbers.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/row_count.h"
#include "kernels/cuda/scratch_parts.h"
#include "kernels/cuda/vocab_tiles.h"
#include "kernels/cuda/work_sizes.h"
#include "kernels/merge.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 128;
constexpr int kTileColumns = 64;
constexpr int kTileIds = 16;
constexpr int kThreadRows = 8, kThreadColumns = 4;  // of the 64 x 64 sums of a thread block

/// The rows that are mixed at once: up to 64, from `first` on.
struct MixedRows {
  RowCount all;
  int first;

  [[nodiscard]] __device__ int count() const {
    const int left = all.now() - first;
    return left < kProductRows ? left : kProductRows;
  }
};

/// probabilities [id, 64], each times its row's weight.  Grid: tiles of the vocabulary.
template <class T>
__global__ void __launch_bounds__(kProductThreads)
    probabilities_kernel(const T* x, MixedRows rows, const T* head, int stride, VocabTiles tiles,
                         const CandidateStats* stats, const float* weights, float* probabilities) {
  auto& shared = dynamic_shared<RowsAndProduct<T>>();
  const int tile = int(blockIdx.x), num_rows = rows.count();
  if (num_rows <= 0) return;
  if (int(threadIdx.x) < num_rows) shared.x_rows[threadIdx.x] = rows.first + int(threadIdx.x);
  __syncthreads();
  const int begin = tiles.begin(tile), size = tiles.size(tile);
  ProductOperands<T> in;
  in.weight = head + std::int64_t{begin} * stride;
  in.feature_stride = stride;
  in.step_stride = kColsPerStep;
  in.num_features = size;
  in.x = x;
  in.x_stride = stride;
  in.x_rows = shared.x_rows;
  in.num_rows = num_rows;
  in.depth = stride;
  multiply_each(shared.product, in, [&](int feature, int row, float low, float high) {
    if (row >= num_rows) return;
    float* const to = probabilities + std::int64_t{begin + feature} * kProductRows + row;
    const float normalizer = log_normalizer(stats[rows.first + row], weights[rows.first + row]);
    if (feature < size) to[0] = expf(low - normalizer);
    if (feature + 8 < size) to[8 * kProductRows] = expf(high - normalizer);
  });
}

struct MixShared {
  float probabilities[kTileIds][kProductRows];
  float table[kTileIds][kTileColumns];
};

/// First id of piece `piece` of all pieces of all shares.
__device__ int piece_begin(const VocabTiles& tiles, int piece) {
  const int share = piece / kMixPieces;
  if (share >= tiles.num_shares) return tiles.first_id[tiles.num_shares];
  const std::int64_t size = tiles.first_id[share + 1] - tiles.first_id[share];
  return tiles.first_id[share] + int(size * (piece % kMixPieces) / kMixPieces);
}

/// parts [piece, 64 rows, column].  Grid: tiles of 64 columns, pieces.
__global__ void __launch_bounds__(kThreads)
    mix_kernel(const float* probabilities, MixedRows rows, Tensor table, VocabTiles tiles,
               float* parts) {
  auto& shared = block_shared<MixShared>();
  const int num_rows = rows.count();
  if (num_rows <= 0) return;
  const int piece = int(blockIdx.y), first_column = int(blockIdx.x) * kTileColumns;
  const int end = piece_begin(tiles, piece + 1), thread = int(threadIdx.x);
  const int my_row = thread / (kTileColumns / kThreadColumns) * kThreadRows;
  const int my_column = thread % (kTileColumns / kThreadColumns) * kThreadColumns;
  float sums[kThreadRows][kThreadColumns] = {};
  for (int id = piece_begin(tiles, piece); id < end; id += kTileIds) {
    __syncthreads();  // the tiles may be overwritten
    for (int i = thread; i < kTileIds * kProductRows; i += kThreads) {
      const int k = i / kProductRows, row = i % kProductRows;
      shared.probabilities[k][row] = id + k < end && row < num_rows
                                         ? probabilities[std::int64_t{id + k} * kProductRows + row]
                                         : 0.0f;
    }
    for (int i = thread; i < kTileIds * kTileColumns; i += kThreads) {
      const int k = i / kTileColumns, column = first_column + i % kTileColumns;
      shared.table[k][i % kTileColumns] =
          id + k < end && column < table.cols
              ? number_at(table.data, table.dtype, std::int64_t{id + k} * table.cols + column)
              : 0.0f;
    }
    __syncthreads();
    for (int k = 0; k < kTileIds; ++k) {
      float value[kThreadColumns];
      for (int j = 0; j < kThreadColumns; ++j) value[j] = shared.table[k][my_column + j];
      for (int i = 0; i < kThreadRows; ++i) {
        const float probability = shared.probabilities[k][my_row + i];
        for (int j = 0; j < kThreadColumns; ++j) {
          sums[i][j] = fmaf(probability, value[j], sums[i][j]);
        }
      }
    }
  }
  for (int i = 0; i < kThreadRows; ++i) {
    for (int j = 0; j < kThreadColumns; ++j) {
      const int row = my_row + i, column = first_column + my_column + j;
      if (row >= num_rows || column >= table.cols) continue;
      parts[(std::int64_t{piece} * kProductRows + row) * table.cols + column] = sums[i][j];
    }
  }
}

/// out = the pieces of each share in order, the shares by tree.
__global__ void add_pieces_kernel(const float* parts, int num_shares, MixedRows rows, int width,
                                  float* out) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= std::int64_t{rows.count()} * width) return;
  const std::int64_t stride = std::int64_t{kProductRows} * width;
  float shares[kNumShares];
  for (int s = 0; s < num_shares; ++s) {
    float sum = 0;
    for (int p = 0; p < kMixPieces; ++p) sum += parts[(s * kMixPieces + p) * stride + i];
    shares[s] = sum;
  }
  for (int count = num_shares / 2; count > 0; count /= 2) {
    for (int s = 0; s < count; ++s) shares[s] = shares[2 * s] + shares[2 * s + 1];
  }
  out[std::int64_t{rows.first} * width + i] = shares[0];
}

template <class T>
struct Arrays {
  T* rows;
  float* probabilities;
  float* parts;
};

template <class T>
Arrays<T> arrays_in(ScratchParts& parts, const MatrixView& head, int num_shares, int num_rows,
                    int width) {
  constexpr std::size_t kRows = kProductRows;
  return {parts.take<T>(std::size_t(num_rows) * std::size_t(head.stride())),
          parts.take<float>(std::size_t(head.rows) * kRows),
          parts.take<float>(std::size_t(num_shares * kMixPieces) * kRows * std::size_t(width))};
}

template <class T>
void run(const MixEmbeddings& op, const MatrixView& head, void* scratch, cudaStream_t stream) {
  const VocabTiles tiles = vocab_tiles(op.vocab_shares);
  const int width = op.table.cols;
  ScratchParts scratch_parts(scratch);
  const Arrays<T> arrays = arrays_in<T>(scratch_parts, head, tiles.num_shares, op.x.rows, width);
  pack_rows(op.x, head, arrays.rows, stream);
  for (int first = 0; first < op.x.rows; first += kProductRows) {
    const MixedRows rows{row_count(op.x), first};
    if (tiles.count() > 0) {
      launch(
          probabilities_kernel<T>,
          {dim3(unsigned(tiles.count())), dim3(kProductThreads), sizeof(RowsAndProduct<T>), stream},
          arrays.rows, rows, static_cast<const T*>(head.data), head.stride(), tiles, op.stats,
          op.weights, arrays.probabilities);
    }
    const unsigned column_tiles = unsigned((width + kTileColumns - 1) / kTileColumns);
    launch(mix_kernel,
           {dim3(column_tiles, unsigned(tiles.num_shares * kMixPieces)), dim3(kThreads), 0, stream},
           arrays.probabilities, rows, op.table, tiles, arrays.parts);
    const std::int64_t most = std::int64_t{std::min(op.x.rows - first, kProductRows)} * width;
    launch(add_pieces_kernel,
           {dim3(unsigned((most + kThreads - 1) / kThreads)), dim3(kThreads), 0, stream},
           arrays.parts, tiles.num_shares, rows, width, elements<float>(op.out));
  }
}

}  // namespace

std::size_t scratch_bytes(const MixEmbeddings& op) {
  const MatrixView& head = view_of(op.head);
  ScratchParts parts(nullptr);
  with_element(head.dtype, [&](auto element) {
    arrays_in<decltype(element)>(parts, head, op.vocab_shares.count, op.x.rows, op.table.cols);
  });
  return parts.bytes();
}

void enqueue(const MixEmbeddings& op, void* scratch, cudaStream_t stream) {
  if (op.x.rows == 0) return;
  const MatrixView& head = view_of(op.head);
  with_element(head.dtype,
               [&](auto element) { run<decltype(element)>(op, head, scratch, stream); });
}

}  // namespace unmask::kernels
