// A thread block makes the logits of 128 ids for up to 64 rows, takes from them what matters and
// forgets them. What the blocks found is merged by a tree that the sizes of the shares fix.

#include <algorithm>

#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/numbers.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/row_count.h"
#include "kernels/cuda/scratch_parts.h"
#include "kernels/cuda/vocab_tiles.h"
#include "kernels/merge.h"

namespace unmask::kernels {
namespace {

constexpr int kSegmentIds = 32;  // that one thread looks through
constexpr int kSegments = kProductFeatures / kSegmentIds;
constexpr int kMergeThreads = kNumShares * kWarpSize;  // a warp per share

/// What is asked of the rows, the rules on the device.
struct Query {
  const LogitRules* rules;
  const std::int32_t* rules_of_row;
  const std::int32_t* present;
  float* present_logits;
  const std::int32_t* listed_offsets;
  const std::int32_t* listed_tokens;
  float* listed_logits;
  float* logits;  // [row, ids]
};

/// One thread block per row.
__global__ void clear_wanted_kernel(Query query, RowCount rows) {
  const int row = int(blockIdx.x);
  if (row >= rows.now()) return;
  if (query.present != nullptr && threadIdx.x == 0) query.present_logits[row] = -HUGE_VALF;
  if (query.listed_offsets == nullptr) return;
  const int end = query.listed_offsets[row + 1];
  for (int i = query.listed_offsets[row] + int(threadIdx.x); i < end; i += int(blockDim.x)) {
    query.listed_logits[i] = -HUGE_VALF;
  }
}

/// Bit i: id `first_id + i` is in the ascending list.
__device__ unsigned members(const std::int32_t* ids, int count, std::int64_t first_id) {
  int begin = 0, end = count;
  while (begin < end) {
    const int middle = (begin + end) / 2;
    if (ids[middle] < first_id)
      begin = middle + 1;
    else
      end = middle;
  }
  unsigned bits = 0;
  for (; begin < count && ids[begin] < first_id + kSegmentIds; ++begin) {
    bits |= 1u << unsigned(ids[begin] - first_id);
  }
  return bits;
}

struct Choice {
  float logit;
  std::int32_t token;  // -1: none
};

__device__ bool is_before(Choice a, Choice b) {
  if (a.token < 0 || b.token < 0) return b.token < 0 && a.token >= 0;
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

struct TwoBest {
  Choice first, second;

  __device__ void add(Choice choice) {
    if (is_before(choice, first)) {
      second = first;
      first = choice;
    } else if (is_before(choice, second)) {
      second = choice;
    }
  }
};

__device__ Choice shuffle_xor(Choice choice, int mask) {
  return {__shfl_xor_sync(kAllLanes, choice.logit, mask),
          __shfl_xor_sync(kAllLanes, choice.token, mask)};
}

struct TileShared {
  int x_rows[kProductRows];
  union {
    ProductShared<bf16> product_bf16;
    ProductShared<float> product_f32;
    float logits[kProductRows][kProductFeatures + 1];
  };
};

__device__ ProductShared<bf16>& product_of(TileShared& shared, bf16) { return shared.product_bf16; }
__device__ ProductShared<float>& product_of(TileShared& shared, float) {
  return shared.product_f32;
}

/// The logits of one row that this thread looks at: ids first_id + [0, size), size <= 32.
struct Segment {
  const float* logits;
  std::int64_t first_id;
  int size;

  __device__ bool holds(std::int64_t id) const { return id >= first_id && id < first_id + size; }
};

__device__ void copy_wanted(const Segment& segment, const Query& query, int row) {
  if (query.present != nullptr && segment.holds(query.present[row])) {
    query.present_logits[row] = segment.logits[query.present[row] - segment.first_id];
  }
  if (query.listed_offsets == nullptr) return;
  for (int i = query.listed_offsets[row]; i < query.listed_offsets[row + 1]; ++i) {
    const std::int32_t id = query.listed_tokens[i];
    if (segment.holds(id)) query.listed_logits[i] = segment.logits[id - segment.first_id];
  }
}

/// Of the four neighbouring lanes that share a row. All lanes of the warp take part.
__device__ CandidateStats stats_of(const Segment& segment, const LogitRules& rules) {
  const unsigned never = members(rules.never_chosen, rules.num_never_chosen, segment.first_id);
  const unsigned left_out =
      members(rules.not_in_confidence, rules.num_not_in_confidence, segment.first_id);
  TwoBest best{{-HUGE_VALF, -1}, {-HUGE_VALF, -1}};
  float max = -HUGE_VALF;
  const int start = int(threadIdx.x) % kSegments * 8;  // so that four lanes use four banks
  for (int j = 0; j < kSegmentIds; ++j) {
    const int i = (start + j) % kSegmentIds;
    if (i >= segment.size) continue;
    const float logit = segment.logits[i];
    if (!(left_out >> i & 1u)) max = fmaxf(max, logit);
    const std::int64_t id = segment.first_id + i;
    if (!(never >> i & 1u) && id < rules.choosable_end && logit > -HUGE_VALF) {
      best.add({logit, std::int32_t(id)});
    }
  }
  for (int mask = 1; mask < kSegments; mask *= 2) {
    max = fmaxf(max, __shfl_xor_sync(kAllLanes, max, mask));
    const Choice first = shuffle_xor(best.first, mask), second = shuffle_xor(best.second, mask);
    best.add(first);
    best.add(second);
  }
  float sum = 0, sum_x = 0;
  for (int j = 0; j < kSegmentIds; ++j) {
    const int i = (start + j) % kSegmentIds;
    if (i >= segment.size || (left_out >> i & 1u)) continue;
    const float below = segment.logits[i] - max, weight = expf(below);
    sum += weight;
    if (below > -HUGE_VALF) sum_x = fmaf(below, weight, sum_x);
  }
  for (int mask = 1; mask < kSegments; mask *= 2) {
    sum += __shfl_xor_sync(kAllLanes, sum, mask);
    sum_x += __shfl_xor_sync(kAllLanes, sum_x, mask);
  }
  return {
      max, sum, sum_x, best.first.token, best.first.logit, best.second.token, best.second.logit};
}

/// Which logits a thread block has.
struct TileOfRows {
  int tile, first_row, num_rows;
};

/// Takes what matters from a tile's logits, which are in shared memory. All threads come here.
///
/// parts [tile, row]
__device__ void look_through(const TileShared& shared, const TileOfRows& at,
                             const VocabTiles& tiles, std::int32_t first_token, const Query& query,
                             int row_capacity, CandidateStats* parts) {
  const int begin = tiles.begin(at.tile), size = tiles.size(at.tile);
  if (query.logits != nullptr) {
    const std::int64_t num_ids = tiles.first_id[tiles.num_shares];
    for (int i = int(threadIdx.x); i < at.num_rows * kProductFeatures; i += kProductThreads) {
      const int row = i / kProductFeatures, id = i % kProductFeatures;
      if (id >= size) continue;
      query.logits[(at.first_row + row) * num_ids + begin + id] = shared.logits[row][id];
    }
  }
  const int segment_idx = int(threadIdx.x) % kSegments;
  for (int base = 0; base < at.num_rows; base += kProductThreads / kSegments) {
    const int i = base + int(threadIdx.x) / kSegments;
    // All lanes take part in shuffles.
    const int row = at.first_row + (i < at.num_rows ? i : at.num_rows - 1);
    const int skipped = segment_idx * kSegmentIds;
    const int left = size - skipped;
    const Segment segment{&shared.logits[row - at.first_row][skipped],
                          std::int64_t{first_token} + begin + skipped,
                          left < 0 ? 0 : (left < kSegmentIds ? left : kSegmentIds)};
    const CandidateStats stats = stats_of(segment, query.rules[query.rules_of_row[row]]);
    if (i >= at.num_rows) continue;
    copy_wanted(segment, query, row);
    if (segment_idx == 0) parts[std::int64_t{at.tile} * row_capacity + row] = stats;
  }
}

/// parts [tile, row].  Grid: blocks of 64 rows, tiles of the vocabulary.
template <class T>
__global__ void __launch_bounds__(kProductThreads)
    head_tile_kernel(const T* x, RowCount row_count_of_x, const T* weights, int stride,
                     VocabTiles tiles, std::int32_t first_token, Query query,
                     CandidateStats* parts) {
  auto& shared = dynamic_shared<TileShared>();
  const int tile = int(blockIdx.y), first_row = int(blockIdx.x) * kProductRows;
  const int num_rows = row_count_of_x.now();
  if (first_row >= num_rows) return;
  const int rows = num_rows - first_row < kProductRows ? num_rows - first_row : kProductRows;
  if (int(threadIdx.x) < rows) shared.x_rows[threadIdx.x] = first_row + int(threadIdx.x);
  __syncthreads();
  const int begin = tiles.begin(tile), size = tiles.size(tile);
  ProductOperands<T> in;
  in.weight = weights + std::int64_t{begin} * stride;
  in.feature_stride = stride;
  in.step_stride = kColsPerStep;
  in.num_features = size;
  in.x = x;
  in.x_stride = stride;
  in.x_rows = shared.x_rows;
  in.num_rows = rows;
  in.depth = stride;
  multiply_each(product_of(shared, T()), in, [&](int feature, int row, float low, float high) {
    shared.logits[row][feature] = low;
    shared.logits[row][feature + 8] = high;
  });
  __syncthreads();

  look_through(shared, {tile, first_row, rows}, tiles, first_token, query, row_count_of_x.capacity,
               parts);
}

/// The same from logits in memory, [piece_rows, ids], those of the rows from first_row_of_piece on.
/// Rows that are not there have some too, and are not looked at.
__global__ void __launch_bounds__(kProductThreads)
    logits_tile_kernel(const float* logits, int first_row_of_piece, int piece_rows,
                       RowCount row_count_of_x, VocabTiles tiles, std::int32_t first_token,
                       Query query, CandidateStats* parts) {
  auto& shared = dynamic_shared<TileShared>();
  const int tile = int(blockIdx.y), first = int(blockIdx.x) * kProductRows;
  const int there = row_count_of_x.now() - first_row_of_piece;
  const int rows_left = (there < piece_rows ? there : piece_rows) - first;
  if (rows_left <= 0) return;
  const int rows = rows_left < kProductRows ? rows_left : kProductRows;
  const int begin = tiles.begin(tile), size = tiles.size(tile);
  const std::int64_t num_ids = tiles.first_id[tiles.num_shares];
  for (int i = int(threadIdx.x); i < rows * kProductFeatures; i += kProductThreads) {
    const int row = i / kProductFeatures, id = i % kProductFeatures;
    if (id < size) shared.logits[row][id] = logits[(first + row) * num_ids + begin + id];
  }
  __syncthreads();
  look_through(shared, {tile, first_row_of_piece + first, rows}, tiles, first_token, query,
               row_count_of_x.capacity, parts);
}

__device__ CandidateStats shuffle_down(const CandidateStats& stats, unsigned delta) {
  CandidateStats from;
  from.max = __shfl_down_sync(kAllLanes, stats.max, delta);
  from.sum_exp = __shfl_down_sync(kAllLanes, stats.sum_exp, delta);
  from.sum_x_exp = __shfl_down_sync(kAllLanes, stats.sum_x_exp, delta);
  from.token = __shfl_down_sync(kAllLanes, stats.token, delta);
  from.logit = __shfl_down_sync(kAllLanes, stats.logit, delta);
  from.runner_up = __shfl_down_sync(kAllLanes, stats.runner_up, delta);
  from.runner_up_logit = __shfl_down_sync(kAllLanes, stats.runner_up_logit, delta);
  return from;
}

struct MergeShared {
  CandidateStats share[kNumShares];
};

/// One thread block per row, one warp per share: each lane every 32nd tile, the lanes by tree.
__global__ void merge_tiles_kernel(const CandidateStats* parts, VocabTiles tiles, RowCount rows,
                                   CandidateStats* out) {
  MergeShared& shared = block_shared<MergeShared>();
  const int row = int(blockIdx.x), lane = int(threadIdx.x) % kWarpSize;
  if (row >= rows.now()) return;
  const int share = int(threadIdx.x) / kWarpSize;
  CandidateStats stats = no_candidates();
  if (share < tiles.num_shares) {
    const int end = tiles.first_tile[share + 1];
    for (int tile = tiles.first_tile[share] + lane; tile < end; tile += kWarpSize) {
      stats = merged(stats, parts[std::int64_t{tile} * rows.capacity + row]);
    }
  }
  for (unsigned delta = kWarpSize / 2; delta > 0; delta /= 2) {
    const CandidateStats other = shuffle_down(stats, delta);
    if (lane < int(delta)) stats = merged(stats, other);
  }
  if (lane == 0) shared.share[share] = stats;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int width = tiles.num_shares / 2; width > 0; width /= 2) {
    for (int s = 0; s < width; ++s) {
      shared.share[s] = merged(shared.share[2 * s], shared.share[2 * s + 1]);
    }
  }
  out[row] = shared.share[0];
}

template <class T>
struct Arrays {
  T* rows;
  CandidateStats* parts;
};

template <class T>
Arrays<T> arrays_in(ScratchParts& parts, const MatrixView& head, int num_tiles, int num_rows) {
  return {parts.take<T>(std::size_t(num_rows) * std::size_t(head.stride())),
          parts.take<CandidateStats>(std::size_t(num_tiles) * std::size_t(num_rows))};
}

Query query_of(const LmHeadCandidates& op) {
  return {op.rules,          op.rules_of_row,  op.present,       op.present_logits,
          op.listed_offsets, op.listed_tokens, op.listed_logits, op.logits};
}

void clear_wanted(const LmHeadCandidates& op, cudaStream_t stream) {
  if (op.present == nullptr && op.listed_offsets == nullptr) return;
  launch(clear_wanted_kernel, {dim3(unsigned(op.x.rows)), dim3(kWarpSize), 0, stream}, query_of(op),
         row_count(op.x));
}

void merge_tiles(const LmHeadCandidates& op, const CandidateStats* parts, cudaStream_t stream) {
  launch(merge_tiles_kernel, {dim3(unsigned(op.x.rows)), dim3(kMergeThreads), 0, stream}, parts,
         vocab_tiles(op.vocab_shares), row_count(op.x), op.out);
}

dim3 tile_grid(int num_rows, const VocabTiles& tiles) {
  return dim3(unsigned((num_rows + kProductRows - 1) / kProductRows), unsigned(tiles.count()));
}

template <class T>
void run(const LmHeadCandidates& op, const MatrixView& head, void* scratch, cudaStream_t stream) {
  const VocabTiles tiles = vocab_tiles(op.vocab_shares);
  ScratchParts scratch_parts(scratch);
  const Arrays<T> arrays = arrays_in<T>(scratch_parts, head, tiles.count(), op.x.rows);
  clear_wanted(op, stream);
  if (tiles.count() > 0) {
    pack_rows(op.x, head, arrays.rows, stream);
    launch(head_tile_kernel<T>,
           {tile_grid(op.x.rows, tiles), dim3(kProductThreads), sizeof(TileShared), stream},
           arrays.rows, row_count(op.x), static_cast<const T*>(head.data), head.stride(), tiles,
           op.first_token, query_of(op), arrays.parts);
  }
  merge_tiles(op, arrays.parts, stream);
}

}  // namespace

std::size_t scratch_bytes(const LmHeadCandidates& op) {
  const MatrixView& head = view_of(op.head);
  ScratchParts parts(nullptr);
  const int num_tiles = vocab_tiles(op.vocab_shares).count();
  with_element(head.dtype, [&](auto element) {
    arrays_in<decltype(element)>(parts, head, num_tiles, op.x.rows);
  });
  return parts.bytes();
}

void enqueue(const LmHeadCandidates& op, void* scratch, cudaStream_t stream) {
  if (op.x.rows == 0) return;
  const MatrixView& head = view_of(op.head);
  with_element(head.dtype,
               [&](auto element) { run<decltype(element)>(op, head, scratch, stream); });
}

std::size_t scratch_bytes(const LmHeadCandidates& op, const LogitPieces& pieces) {
  ScratchParts parts(nullptr);
  arrays_in<bf16>(parts, view_of(op.head), vocab_tiles(op.vocab_shares).count(), op.x.rows);
  parts.take<float>(std::size_t(pieces.num_rows) * std::size_t(op.head.rows()));
  return parts.bytes();
}

void enqueue(const LmHeadCandidates& op, const LogitPieces& pieces, void* scratch,
             cudaStream_t stream) {
  const MatrixView& head = view_of(op.head);
  const VocabTiles tiles = vocab_tiles(op.vocab_shares);
  ScratchParts parts(scratch);
  const Arrays<bf16> arrays = arrays_in<bf16>(parts, head, tiles.count(), op.x.rows);
  auto* const logits =
      parts.take<float>(std::size_t(pieces.num_rows) * std::size_t(op.head.rows()));
  clear_wanted(op, stream);
  pack_rows(op.x, head, arrays.rows, stream);
  for (int done = 0; done < op.x.rows; done += pieces.num_rows) {
    // The last piece is as long as all others: some of its rows come out a second time.
    const int first = done + pieces.num_rows <= op.x.rows ? done : op.x.rows - pieces.num_rows;
    pieces.multiply(arrays.rows + std::size_t(first) * std::size_t(head.stride()), logits);
    launch(logits_tile_kernel,
           {tile_grid(pieces.num_rows, tiles), dim3(kProductThreads), sizeof(TileShared), stream},
           logits, first, pieces.num_rows, row_count(op.x), tiles, op.first_token, query_of(op),
           arrays.parts);
  }
  merge_tiles(op, arrays.parts, stream);
}

}  // namespace unmask::kernels
