/// How weights are laid out on a GPU. Plain C++: a plan of a GPU's memory needs no CUDA.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/shares.h"

namespace unmask::kernels {

/// Every share of the columns is padded with zeros to a multiple of this.
inline constexpr int kColsPerStep = 64;

constexpr std::int64_t padded_cols(std::int64_t cols) {
  return (cols + kColsPerStep - 1) / kColsPerStep * kColsPerStep;
}

/// The shares of a row, each padded.
constexpr ShareOffsets padded_shares(const ShareOffsets& shares) {
  ShareOffsets padded;
  padded.count = shares.count;
  for (std::size_t i = 0; i < std::size_t(shares.count); ++i) {
    padded.offset[i + 1] = padded.offset[i] + padded_cols(shares.offset[i + 1] - shares.offset[i]);
  }
  return padded;
}

/// A thread block multiplies so many rows of an expert's matrix.
inline constexpr int kExpertTileRows = 128;

/// An expert's two matrices. Gate and up are one: eight rows of gate, eight of up, and so on. Rows
/// and columns are filled up with zeros.
struct ExpertShape {
  int hidden = 0;
  int width = 0;

  [[nodiscard]] constexpr std::int64_t gate_up_rows() const { return padded(2 * padded(width, 8)); }
  [[nodiscard]] constexpr std::int64_t gate_up_cols() const { return padded_cols(hidden); }
  [[nodiscard]] constexpr std::int64_t down_rows() const { return padded(hidden); }
  [[nodiscard]] constexpr std::int64_t down_cols() const { return padded_cols(width); }

  [[nodiscard]] constexpr std::int64_t gate_up_values() const {
    return gate_up_rows() * gate_up_cols();
  }
  [[nodiscard]] constexpr std::int64_t down_values() const { return down_rows() * down_cols(); }

 private:
  static constexpr std::int64_t padded(std::int64_t n, std::int64_t to = kExpertTileRows) {
    return (n + to - 1) / to * to;
  }
};

enum class ExpertLayout : std::uint8_t {
  /// Tiles of kExpertTileRows rows in steps of kColsPerStep columns, each step contiguous: what own
  /// kernels stream best.
  kTiles,
  /// Row-major matrices of all experts together, which a library multiplies as well, if the experts
  /// are slices of one MLP: gate and up [experts * gate_up_rows, gate_up_cols], down [down_rows,
  /// experts * down_cols]. As many bytes.
  kRows,
};

/// From one weight of a matrix to another, in elements.
struct ExpertStrides {
  std::int64_t expert = 0;   ///< from one expert to the next
  std::int64_t tile = 0;     ///< kExpertTileRows rows
  std::int64_t feature = 0;  ///< a row within a tile
  std::int64_t step = 0;     ///< kColsPerStep columns
};

constexpr ExpertStrides tiled_strides(std::int64_t rows, std::int64_t cols) {
  return {rows * cols, kExpertTileRows * cols, kColsPerStep, kExpertTileRows * kColsPerStep};
}
constexpr ExpertStrides gate_up_strides(const ExpertShape& shape, ExpertLayout layout) {
  const std::int64_t rows = shape.gate_up_rows(), cols = shape.gate_up_cols();
  if (layout == ExpertLayout::kTiles) return tiled_strides(rows, cols);
  return {rows * cols, kExpertTileRows * cols, cols, kColsPerStep};
}
constexpr ExpertStrides down_strides(const ExpertShape& shape, ExpertLayout layout,
                                     int num_experts) {
  const std::int64_t rows = shape.down_rows(), cols = shape.down_cols();
  if (layout == ExpertLayout::kTiles) return tiled_strides(rows, cols);
  return {cols, kExpertTileRows * num_experts * cols, num_experts * cols, kColsPerStep};
}

}  // namespace unmask::kernels
