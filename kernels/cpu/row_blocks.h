#pragma once

#include <cstdint>

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/panels.h"

namespace unmask::kernels {

/// How `num_rows` rows are cut into blocks that the inner loops take at once, of nearly equal
/// height. Where the cuts are changes no result, only the speed.
struct RowBlocks {
  int num_rows = 0;
  int max_height = 1;

  [[nodiscard]] int count() const { return (num_rows + max_height - 1) / max_height; }
  [[nodiscard]] int begin(int block) const { return int(std::int64_t{block} * num_rows / count()); }
};

/// Input rows in the order in which the inner loops read them beside `weights`: [block][step]
/// [row], 4 bytes each, rounded to bf16 where the weights are.
class RowPacker {
 public:
  RowPacker(const Kernels& kernels, const Panels& weights) : kernels_(kernels), weights_(weights) {}

  [[nodiscard]] std::size_t bytes_per_row() const {
    return std::size_t(weights_.steps().total()) * 4;
  }

  /// Packs one block of rows, given by `row(i)` -> const float*, to `out`.
  template <class Row>
  void pack(int height, Row&& row, std::byte* out) const {
    for (int i = 0; i < height; ++i) pack_row(row(i), height, out + 4 * i);
  }

 private:
  void pack_row(const float* row, int height, std::byte* out) const;

  const Kernels& kernels_;
  const Panels& weights_;
};

/// out[rows, first_col .. first_col + num_cols) of packed rows times `weights`, block by block.
/// first_col: a multiple of kPanelCols. `out` points to the first row and column written.
void multiply(const Kernels& kernels, const RowBlocks& blocks, const std::byte* packed_rows,
              const Panels& weights, int first_col, int num_cols, float* out,
              std::int64_t out_stride);

}  // namespace unmask::kernels
