#include "kernels/cpu/row_blocks.h"

#include <algorithm>
#include <cstring>

namespace unmask::kernels {
namespace {

constexpr int kChunk = 512;  // input features converted at once, on the stack

/// Features [0, n) of one share as pairs of bf16, `stride` bytes from pair to pair.
void pack_pairs(const Kernels& kernels, const float* from, std::int64_t n, std::size_t stride,
                std::byte* to) {
  std::uint16_t half[kChunk + 1];
  for (std::int64_t i = 0; i < n; i += kChunk) {
    const auto count = std::min<std::int64_t>(kChunk, n - i);
    kernels.round_to_bf16(from + i, count, half);
    half[count] = 0;
    for (std::int64_t j = 0; j < count; j += 2, to += stride) std::memcpy(to, half + j, 4);
  }
}

}  // namespace

void RowPacker::pack_row(const float* row, int height, std::byte* out) const {
  const std::size_t stride = 4 * std::size_t(height);
  const ShareOffsets& shares = weights_.col_shares();
  for (int i = 0; i < shares.count; ++i) {
    const float* const from = row + shares.offset[i];
    const std::int64_t n = shares.offset[i + 1] - shares.offset[i];
    std::byte* const to = out + std::size_t(weights_.steps().offset[i]) * stride;
    if (weights_.dtype() == DType::kBF16) {
      pack_pairs(kernels_, from, n, stride, to);
    } else {
      for (std::int64_t j = 0; j < n; ++j) std::memcpy(to + std::size_t(j) * stride, from + j, 4);
    }
  }
}

void multiply(const Kernels& kernels, const RowBlocks& blocks, const std::byte* packed_rows,
              const Panels& weights, int first_col, int num_cols, float* out,
              std::int64_t out_stride) {
  const auto multiply_tile =
      weights.dtype() == DType::kBF16 ? kernels.multiply_bf16 : kernels.multiply_f32;
  // Few columns at a time: they stay in the nearest cache while all rows pass over them.
  constexpr int kColsAtOnce = 4 * kPanelCols;
  for (int col = 0; col < num_cols; col += kColsAtOnce) {
    for (int block = 0; block < blocks.count(); ++block) {
      const int begin = blocks.begin(block);
      multiply_tile({.rows = packed_rows + std::size_t(begin) * weights.steps().total() * 4,
                     .height = blocks.begin(block + 1) - begin,
                     .panels = weights.panel((first_col + col) / kPanelCols),
                     .panel_bytes = weights.panel_bytes(),
                     .steps = &weights.steps(),
                     .num_cols = std::min(kColsAtOnce, num_cols - col),
                     .out = out + begin * out_stride + col,
                     .out_stride = out_stride});
    }
  }
}

}  // namespace unmask::kernels
