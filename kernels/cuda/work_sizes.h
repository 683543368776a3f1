/// How kernels divide their work, as far as it says what memory they take. Plain C++, like
/// packed_shapes.h: kernels and the plan of a GPU's memory take it from here.

#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/packed_shapes.h"

namespace unmask::kernels {

/// The keys of a sequence are dealt to this many sums, which are put together in the end.
inline constexpr int kAttentionSplits = 8;

/// A thread block's part of a product of streamed weights, and of the vocabulary.
inline constexpr int kProductFeatures = kExpertTileRows;
inline constexpr int kProductRows = 64;

/// A share of the vocabulary is mixed in so many sums.
inline constexpr int kMixPieces = 8;

/// Up to 64 neighbouring places of one expert, or up to 128.
struct PlaceTile {
  int expert;
  int first_place;
  int num_places;
};

constexpr std::int64_t max_place_tiles(std::int64_t num_experts, std::int64_t num_choices) {
  return std::min(num_experts, num_choices) + num_choices / kProductRows;
}
/// Each has more than 64 places.
constexpr std::int64_t max_wide_tiles(std::int64_t num_choices) {
  return num_choices / kProductRows;
}

/// Tiles of a share of the vocabulary, counted from its start.
constexpr std::int64_t num_vocab_tiles(std::int64_t num_ids) {
  return (num_ids + kProductFeatures - 1) / kProductFeatures;
}

}  // namespace unmask::kernels
