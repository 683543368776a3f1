#pragma once

#include "kernels/cuda/device.h"
#include "kernels/cuda/work_sizes.h"
#include "kernels/shares.h"

namespace unmask::kernels {

/// The vocabulary held here in tiles of up to 128 ids, counted from the start of their share, so
/// that they are the same on any number of workers.
struct VocabTiles {
  int first_id[kNumShares + 1];    // of each share, and the end
  int first_tile[kNumShares + 1];  // of each share, and their number
  int num_shares;

  __device__ int share_of(int tile) const {
    int share = 0;
    while (first_tile[share + 1] <= tile) ++share;
    return share;
  }
  __device__ int begin(int tile) const {
    const int share = share_of(tile);
    return first_id[share] + (tile - first_tile[share]) * kProductFeatures;
  }
  __device__ int size(int tile) const {
    const int left = first_id[share_of(tile) + 1] - begin(tile);
    return left < kProductFeatures ? left : kProductFeatures;
  }
  int count() const { return first_tile[num_shares]; }
};

inline VocabTiles vocab_tiles(const ShareOffsets& shares) {
  VocabTiles tiles{};
  tiles.num_shares = shares.count;
  for (int s = 0; s < shares.count; ++s) {
    const auto begin = int(shares.offset[std::size_t(s)]);
    const auto end = int(shares.offset[std::size_t(s) + 1]);
    tiles.first_id[s] = begin;
    tiles.first_id[s + 1] = end;
    tiles.first_tile[s + 1] = tiles.first_tile[s] + int(num_vocab_tiles(end - begin));
  }
  return tiles;
}

}  // namespace unmask::kernels
