/// Which rows an expert computes together: choices sorted by expert, and cut into tiles.

#pragma once

#include <type_traits>

#include "kernels/cuda/device.h"
#include "kernels/cuda/wide_product.h"
#include "kernels/cuda/work_sizes.h"
#include "kernels/ops/experts.h"

namespace unmask::kernels {

struct PlaceTiles {
  PlaceTile* tiles;  // [max_place_tiles]
  int* count;
};

/// Where each choice went. A place is a position among the choices sorted by expert.
struct Places {
  int* choice_of_place;  // [num_choices]
  int* place_of_choice;  // [num_choices]; -1: of an expert that is not held here
  PlaceTiles narrow, wide;
};

/// From so many rows on an expert may have enough of them for wide tiles.
inline constexpr int kWideFromRows = 128;

template <class T>
bool has_wide_tiles(int num_rows) {
  return std::is_same_v<T, bf16> && num_rows >= kWideFromRows;
}

/// Enqueues what fills `places` with the choices of the `num_experts` experts held here.
void sort_choices(const Experts& op, int num_experts, bool has_wide, const Places& places,
                  cudaStream_t stream);

}  // namespace unmask::kernels
