#include "kernels/cuda/expert_places.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kSortThreads = 256;
constexpr int kSortWarps = kSortThreads / kWarpSize;

struct SortShared {
  int count[Experts::kMaxExperts];
  int places_of_warp[kSortWarps];
  int sums[3][kSortWarps];
};

__device__ int sum_of_warp(int value) {
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, mask);
  }
  return value;
}

/// How the places of one expert are divided: wide tiles first, and what is left.
struct TileCounts {
  int narrow, wide;
};
__device__ TileCounts tiles_of(int num_places, bool has_wide) {
  if (!has_wide) return {(num_places + kProductRows - 1) / kProductRows, 0};
  // None for 64 places or less beside full ones.
  const int wide = (num_places + kWideRows - kProductRows - 1) / kWideRows;
  return {num_places > wide * kWideRows ? 1 : 0, wide};
}

__device__ PlaceTile place_tile(int expert, int first_place, int num_left, int most) {
  return {expert, first_place, num_left < most ? num_left : most};
}

/// One thread block per expert held: counts all, then places its own in their order.
__global__ void sort_choices_kernel(const std::int32_t* expert_ids, RowCount rows, int top_k,
                                    int first_expert, int num_experts, bool has_wide,
                                    Places places) {
  SortShared& shared = block_shared<SortShared>();
  const int thread = int(threadIdx.x), warp = thread / kWarpSize, lane = thread % kWarpSize;
  const int mine = int(blockIdx.x), num_choices = rows.now() * top_k;
  for (int e = thread; e < num_experts; e += kSortThreads) shared.count[e] = 0;
  __syncthreads();
  for (int i = thread; i < num_choices; i += kSortThreads) {
    const std::int64_t expert = std::int64_t{expert_ids[i]} - first_expert;
    if (expert >= 0 && expert < num_experts) {
      atomicAdd(&shared.count[expert], 1);
    } else if (mine == 0) {
      places.place_of_choice[i] = -1;
    }
  }
  __syncthreads();

  int num_before = 0;
  TileCounts before_mine = {0, 0};
  for (int e = thread; e < mine; e += kSortThreads) {
    num_before += shared.count[e];
    const TileCounts tiles = tiles_of(shared.count[e], has_wide);
    before_mine.narrow += tiles.narrow;
    before_mine.wide += tiles.wide;
  }
  num_before = sum_of_warp(num_before);
  before_mine.narrow = sum_of_warp(before_mine.narrow);
  before_mine.wide = sum_of_warp(before_mine.wide);
  if (lane == 0) {
    shared.sums[0][warp] = num_before;
    shared.sums[1][warp] = before_mine.narrow;
    shared.sums[2][warp] = before_mine.wide;
  }
  __syncthreads();
  num_before = before_mine.narrow = before_mine.wide = 0;
  for (int w = 0; w < kSortWarps; ++w) {
    num_before += shared.sums[0][w];
    before_mine.narrow += shared.sums[1][w];
    before_mine.wide += shared.sums[2][w];
  }

  const int count = shared.count[mine];
  const TileCounts tiles = tiles_of(count, has_wide);
  for (int t = thread; t < tiles.wide; t += kSortThreads) {
    const int begin = t * kWideRows;
    places.wide.tiles[before_mine.wide + t] =
        place_tile(mine, num_before + begin, count - begin, kWideRows);
  }
  for (int t = thread; t < tiles.narrow; t += kSortThreads) {
    const int begin = tiles.wide * kWideRows + t * kProductRows;
    places.narrow.tiles[before_mine.narrow + t] =
        place_tile(mine, num_before + begin, count - begin, kProductRows);
  }
  if (mine == num_experts - 1 && thread == 0) {
    *places.narrow.count = before_mine.narrow + tiles.narrow;
    *places.wide.count = before_mine.wide + tiles.wide;
  }

  int next = num_before;
  for (int base = 0; base < num_choices; base += kSortThreads) {
    const int i = base + thread;
    const bool is_mine = i < num_choices && std::int64_t{expert_ids[i]} - first_expert == mine;
    const unsigned lanes = __ballot_sync(kAllLanes, is_mine);
    if (lane == 0) shared.places_of_warp[warp] = __popc(lanes);
    __syncthreads();
    int before = 0, all = 0;
    for (int w = 0; w < kSortWarps; ++w) {
      if (w < warp) before += shared.places_of_warp[w];
      all += shared.places_of_warp[w];
    }
    if (is_mine) {
      const int place = next + before + __popc(lanes & ((1u << lane) - 1));
      places.choice_of_place[place] = i;
      places.place_of_choice[i] = place;
    }
    next += all;
    __syncthreads();  // the counts may be overwritten
  }
}

}  // namespace

void sort_choices(const Experts& op, int num_experts, bool has_wide, const Places& places,
                  cudaStream_t stream) {
  launch(sort_choices_kernel, {dim3(unsigned(num_experts)), dim3(kSortThreads), 0, stream},
         op.expert_ids, row_count(op.x), op.top_k, op.first_expert, num_experts, has_wide, places);
}

}  // namespace unmask::kernels
