/// The inner loop of every matrix product: some rows times panels of sixteen columns.

#pragma once

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/simd/vec.h"

namespace unmask::kernels {
namespace {

// What stays in registers: height x panels sums, the panels' weights, one broadcast row value.
#if defined __AVX512F__
inline constexpr int kMaxHeight = 12;
inline constexpr int kFewRows = 4;
inline constexpr int kPanelsOfFewRows = 4;  // enough sums in flight to hide the latency of one
inline constexpr int kPanelsOfManyRows = 2;
#elif defined __AVX2__
inline constexpr int kMaxHeight = 4;
inline constexpr int kFewRows = 1;
inline constexpr int kPanelsOfFewRows = 2;
inline constexpr int kPanelsOfManyRows = 1;
#else
inline constexpr int kMaxHeight = 2;
inline constexpr int kFewRows = 0;
inline constexpr int kPanelsOfFewRows = 1;
inline constexpr int kPanelsOfManyRows = 1;
#endif

constexpr int num_panels_at_once(int height) {
  return height <= kFewRows ? kPanelsOfFewRows : kPanelsOfManyRows;
}

/// One f32 input feature a step.
struct F32Step {
  using Row = float;
  using Weights = Vec;
  [[gnu::always_inline]] static Vec add(Row row, Weights weights, Vec sum) {
    return multiply_add(splat(row), weights, sum);
  }
};

/// Two bf16 input features a step, the first in the low half of each lane.
struct BF16Step {
  using Row = std::uint32_t;
  using Weights = VecBits;
  [[gnu::always_inline]] static Vec add(Row row, Weights weights, Vec sum) {
#ifdef __AVX512BF16__
    return Vec(
        _mm512_dpbf16_ps(__m512(sum), (__m512bh)_mm512_set1_epi32(int(row)), (__m512bh)weights));
#else
    const VecBits pair = row - VecBits{};
    sum = multiply_add(Vec(pair << 16), Vec(weights << 16), sum);
    return multiply_add(Vec(pair & 0xffff0000u), Vec(weights & 0xffff0000u), sum);
#endif
  }
};

template <int kHeight, int kPanels>
struct Sums {
  static constexpr int kVecs = kPanels * kVecsPerPanel;
  Vec value[kHeight][kVecs];
};

template <class Step, int kHeight, int kPanels>
[[gnu::always_inline]] inline Sums<kHeight, kPanels> sum_steps(const Tile& tile,
                                                               const std::byte* panels,
                                                               std::int64_t begin,
                                                               std::int64_t end) {
  // With few rows the memory sets the pace, and the processor's own prefetching keeps up best. More
  // rows go slower through the weights than it looks ahead for. To the second cache: the first has
  // too few places for lines that are on their way.
  constexpr int kPrefetchBytes = 4096, kNearMemory = 2;
  const auto* row = static_cast<const typename Step::Row*>(tile.rows) + begin * kHeight;
  Sums<kHeight, kPanels> sums{};
  for (std::int64_t step = begin; step < end; ++step, row += kHeight) {
    typename Step::Weights weights[sums.kVecs];
#pragma GCC unroll 16
    for (int p = 0; p < kPanels; ++p) {
      const std::byte* const from = panels + p * tile.panel_bytes + step * kStepBytes;
#pragma GCC unroll 16
      for (int v = 0; v < kVecsPerPanel; ++v) {
        __builtin_memcpy(&weights[p * kVecsPerPanel + v], from + v * sizeof(Vec), sizeof(Vec));
      }
      if constexpr (kHeight > kFewRows) __builtin_prefetch(from + kPrefetchBytes, 0, kNearMemory);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kHeight; ++i) {
#pragma GCC unroll 16
      for (int v = 0; v < sums.kVecs; ++v) {
        sums.value[i][v] = Step::add(row[i], weights[v], sums.value[i][v]);
      }
    }
  }
  return sums;
}

/// The shares' sums are added like a binary counter: share s completes as many nodes of the tree
/// as s + 1 has trailing zeros. An empty share is +0.
template <class Step, int kHeight, int kPanels>
[[gnu::always_inline]] inline Sums<kHeight, kPanels> sum_shares(const Tile& tile,
                                                                const std::byte* panels) {
  const Steps& steps = *tile.steps;
  Sums<kHeight, kPanels> left[3];  // log2(kNumShares)
  Sums<kHeight, kPanels> sums;
  for (int share = 0; share < steps.count; ++share) {
    sums = sum_steps<Step, kHeight, kPanels>(tile, panels, steps.offset[share],
                                             steps.offset[share + 1]);
    int level = 0;
    for (; share >> level & 1; ++level) {
      for (int i = 0; i < kHeight; ++i) {
        for (int v = 0; v < sums.kVecs; ++v) {
          sums.value[i][v] = left[level].value[i][v] + sums.value[i][v];
        }
      }
    }
    if (share + 1 < steps.count) left[level] = sums;
  }
  return sums;
}

template <class Step, int kHeight, int kPanels>
inline void multiply_panels(const Tile& tile, int first_panel) {
  const std::byte* const panels = tile.panels + first_panel * tile.panel_bytes;
  const Sums<kHeight, kPanels> sums = sum_shares<Step, kHeight, kPanels>(tile, panels);
  for (int i = 0; i < kHeight; ++i) {
    for (int v = 0; v < sums.kVecs; ++v) {
      const int col = first_panel * kPanelCols + v * kLanes;
      store_most(tile.out + i * tile.out_stride + col, sums.value[i][v], tile.num_cols - col);
    }
  }
}

template <class Step, int kHeight>
inline void multiply_rows(const Tile& tile) {
  constexpr int kPanels = num_panels_at_once(kHeight);
  const int num_panels = (tile.num_cols + kPanelCols - 1) / kPanelCols;
  int panel = 0;
  for (; panel + kPanels <= num_panels; panel += kPanels) {
    multiply_panels<Step, kHeight, kPanels>(tile, panel);
  }
  for (; panel < num_panels; ++panel) multiply_panels<Step, kHeight, 1>(tile, panel);
}

template <class Step, int kHeight = kMaxHeight>
inline void multiply(const Tile& tile) {
  if constexpr (kHeight > 0) {
    if (tile.height == kHeight) return multiply_rows<Step, kHeight>(tile);
    multiply<Step, kHeight - 1>(tile);
  }
}

}  // namespace
}  // namespace unmask::kernels
