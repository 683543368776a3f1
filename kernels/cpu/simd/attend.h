/// Attention of some rows to their keys.
///
/// The scores are computed for sixteen rows at once, which stand side by side in lanes: so the keys
/// need not be turned, and the softmax never looks across lanes.

#pragma once

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/simd/exp.h"
#include "kernels/cpu/simd/multiply.h"
#include "kernels/cpu/simd/vec.h"

namespace unmask::kernels {
namespace {

// What stays in registers: keys x panels of rows.
inline constexpr int kKeysAtOnce = kMaxHeight;
inline constexpr int kMaxQueryPanels = kPanelsOfManyRows;

constexpr int row_stride(const AttentionTile& tile) { return tile.num_panels * kPanelCols; }

/// Scores of kKeys keys with kPanels panels of rows, summed in the order of the dimensions.
template <int kKeys, int kPanels>
inline void score_keys(const AttentionTile& tile, int first_key, int first_panel) {
  constexpr int kVecs = kPanels * kVecsPerPanel;
  const int stride = row_stride(tile);
  const float* const keys = tile.keys + std::int64_t{first_key} * tile.key_stride;
  const float* queries = tile.queries + first_panel * kPanelCols;
  Vec sums[kKeys][kVecs] = {};
  for (int d = 0; d < tile.head_dim; ++d, queries += stride) {
    Vec query[kVecs];
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v) query[v] = load(queries + v * kLanes);
#pragma GCC unroll 16
    for (int k = 0; k < kKeys; ++k) {
      const Vec key = splat(keys[k * tile.key_stride + d]);
#pragma GCC unroll 16
      for (int v = 0; v < kVecs; ++v) sums[k][v] = multiply_add(key, query[v], sums[k][v]);
    }
  }
  float* to = tile.weights + std::int64_t{first_key} * stride + first_panel * kPanelCols;
#pragma GCC unroll 16
  for (int k = 0; k < kKeys; ++k, to += stride) {
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v) store(to + v * kLanes, sums[k][v]);
  }
}

template <int kPanels>
inline void score_all_keys(const AttentionTile& tile, int first_panel) {
  int key = 0;
  for (; key + kKeysAtOnce <= tile.num_keys; key += kKeysAtOnce) {
    score_keys<kKeysAtOnce, kPanels>(tile, key, first_panel);
  }
  for (; key < tile.num_keys; ++key) score_keys<1, kPanels>(tile, key, first_panel);
}

/// Turns the scores of one vector of rows into weights, not yet divided by their sum, which is
/// returned.
inline Vec exp_below_max(const AttentionTile& tile, int first_row) {
  const int stride = row_stride(tile);
  float* const scores = tile.weights + first_row;
  Vec max = splat(-__builtin_inff());
  for (std::int64_t k = 0; k < tile.num_keys; ++k) max = larger(max, load(scores + k * stride));
  Vec sum{};
  for (std::int64_t k = 0; k < tile.num_keys; ++k) {
    const Vec e = exp(load(scores + k * stride) - max);
    store(scores + k * stride, e);
    sum += e;
  }
  return sum;
}

/// kHeight rows of the result, kPanels panels of dimensions, summed in the order of the keys.
template <int kHeight, int kPanels>
inline void mix_values(const AttentionTile& tile, int first_row, int first_dim,
                       const float* scales) {
  constexpr int kVecs = kPanels * kVecsPerPanel;
  const int stride = row_stride(tile);
  const float* weights = tile.weights + first_row;
  const float* values = tile.values + first_dim;
  Vec sums[kHeight][kVecs] = {};
  for (int k = 0; k < tile.num_keys; ++k, weights += stride, values += tile.key_stride) {
    Vec value[kVecs];
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v) value[v] = load(values + v * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kHeight; ++i) {
#pragma GCC unroll 16
      for (int v = 0; v < kVecs; ++v) {
        sums[i][v] = multiply_add(splat(weights[i]), value[v], sums[i][v]);
      }
    }
  }
  float* to = tile.out + first_row * tile.out_stride + first_dim;
#pragma GCC unroll 16
  for (int i = 0; i < kHeight; ++i, to += tile.out_stride) {
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v) {
      store_most(to + v * kLanes, sums[i][v] * scales[first_row + i],
                 tile.head_dim - first_dim - v * kLanes);
    }
  }
}

template <int kHeight = kMaxHeight>
inline void mix_rows(const AttentionTile& tile, int first_row, int height, const float* scales) {
  if constexpr (kHeight > 0) {
    if (height < kHeight) return mix_rows<kHeight - 1>(tile, first_row, height, scales);
    constexpr int kPanels = num_panels_at_once(kHeight);
    int dim = 0;
    for (; dim + kPanels * kPanelCols <= tile.key_stride; dim += kPanels * kPanelCols) {
      mix_values<kHeight, kPanels>(tile, first_row, dim, scales);
    }
    for (; dim < tile.key_stride; dim += kPanelCols) {
      mix_values<kHeight, 1>(tile, first_row, dim, scales);
    }
  }
}

inline void attend(const AttentionTile& tile) {
  float scales[kMaxAttentionRows];
  int panel = 0;
  for (; panel + kMaxQueryPanels <= tile.num_panels; panel += kMaxQueryPanels) {
    score_all_keys<kMaxQueryPanels>(tile, panel);
  }
  for (; panel < tile.num_panels; ++panel) score_all_keys<1>(tile, panel);
  for (int row = 0; row < row_stride(tile); row += kLanes) {
    store(scales + row, 1.0f / exp_below_max(tile, row));
  }
  const int num_blocks = (tile.num_rows + kMaxHeight - 1) / kMaxHeight;
  for (int block = 0; block < num_blocks; ++block) {
    const int begin = block * tile.num_rows / num_blocks;
    mix_rows(tile, begin, (block + 1) * tile.num_rows / num_blocks - begin, scales);
  }
}

}  // namespace
}  // namespace unmask::kernels
