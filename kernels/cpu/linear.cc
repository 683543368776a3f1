#include <algorithm>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_matrix.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr int kLinearColsPerTask = 64;

}  // namespace

std::unique_ptr<PackedMatrix> CpuBackend::pack_matrix(std::span<const HostMatrix> parts,
                                                      DType dtype, ShareOffsets col_shares) {
  std::vector<SourceRow> rows;
  for (const HostMatrix& part : parts) {
    UNMASK_CHECK(part.cols == col_shares.num_items());
    append_rows(part, 1, rows);
  }
  return std::make_unique<CpuMatrix>(Panels(rows, dtype, col_shares, pool_));
}

const std::byte* CpuBackend::pack_rows(const Tensor& x, const Panels& weights,
                                       const RowBlocks& blocks) {
  UNMASK_CHECK(x.cols == weights.num_cols() && x.rows == blocks.num_rows);
  const float* const from = floats(x);
  const RowPacker packer(kernels_, weights);
  auto* const packed = packed_rows_.take<std::byte>(std::size_t(x.rows) * packer.bytes_per_row());
  const int grain = grain_of(std::int64_t{x.cols} * blocks.max_height);
  pool_.run_ranges(blocks.count(), grain, [&](int begin_block, int end_block, int) {
    for (int block = begin_block; block < end_block; ++block) {
      const int begin = blocks.begin(block);
      packer.pack(
          blocks.begin(block + 1) - begin,
          [&](int i) { return from + std::int64_t{begin + i} * x.cols; },
          packed + std::size_t(begin) * packer.bytes_per_row());
    }
  });
  return packed;
}

void CpuBackend::compute(const Linear& op) {
  const Panels& weights = panels_of(op.weight);
  const int num_cols = op.out.cols;
  float* const to = floats(op.out);
  const RowBlocks blocks{op.x.rows, kernels_.max_height};
  const std::byte* const packed = pack_rows(op.x, weights, blocks);
  const int grain = grain_of(std::int64_t{op.x.rows} * op.x.cols * kLinearColsPerTask / kPanelCols);
  const int num_pieces = (num_cols + kLinearColsPerTask - 1) / kLinearColsPerTask;
  pool_.run_ranges(num_pieces, grain, [&](int begin, int end, int) {
    const int col = begin * kLinearColsPerTask;
    multiply(kernels_, blocks, packed, weights, col,
             std::min(end * kLinearColsPerTask, num_cols) - col, to + col, num_cols);
  });
}

}  // namespace unmask::kernels
