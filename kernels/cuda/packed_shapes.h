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

/// How the matrices of an expert are packed: in tiles of kExpertTileRows rows, a tile in steps of
/// kColsPerStep columns, each step contiguous [rows, columns]. What is beyond the matrix is zero.
/// Gate and up are one matrix: eight rows of gate, eight of up, and so on.
inline constexpr int kExpertTileRows = 128;

struct ExpertShape {
  int hidden = 0;
  int width = 0;

  [[nodiscard]] constexpr std::int64_t gate_up_values() const {
    return tiled(2 * padded(width, 8), hidden);
  }
  [[nodiscard]] constexpr std::int64_t down_values() const { return tiled(hidden, width); }

 private:
  static constexpr std::int64_t padded(std::int64_t n, std::int64_t to) {
    return (n + to - 1) / to * to;
  }
  static constexpr std::int64_t tiled(std::int64_t rows, std::int64_t cols) {
    return padded(rows, kExpertTileRows) * padded_cols(cols);
  }
};

}  // namespace unmask::kernels
