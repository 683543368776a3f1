#include "kernels/cuda/pack_experts.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/cuda/cuda_matrix.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr std::int64_t kBytesAtOnce = 4 << 20;  // of rows that all experts have a part of

ShareOffsets one_share(std::int64_t num_cols) { return {{0, num_cols}, 1}; }

/// Writes rows of a matrix with so many columns to where the strides say.
class RowWriter {
 public:
  RowWriter(std::int64_t num_cols, DType dtype, const ExpertStrides& strides, std::byte* to)
      : cols_(one_share(num_cols)),
        num_steps_(padded_cols(num_cols) / kColsPerStep),
        dtype_(dtype),
        strides_(strides),
        row_(std::size_t(num_steps_) * step_bytes()),
        to_(to) {}

  void write(const HostMatrix& matrix, std::int64_t from_row, std::int64_t to_row) {
    const auto* const from = static_cast<const std::byte*>(matrix.data) +
                             std::size_t(from_row * matrix.row_stride) * size_of(matrix.dtype);
    pack_row(from, matrix.dtype, cols_, dtype_, row_.data());
    const std::int64_t first =
        to_row / kExpertTileRows * strides_.tile + to_row % kExpertTileRows * strides_.feature;
    for (std::int64_t step = 0; step < num_steps_; ++step) {
      const std::int64_t at = first + step * strides_.step;
      std::memcpy(to_ + std::size_t(at) * size_of(dtype_),
                  row_.data() + std::size_t(step) * step_bytes(), step_bytes());
    }
  }

 private:
  [[nodiscard]] std::size_t step_bytes() const { return kColsPerStep * size_of(dtype_); }

  const ShareOffsets cols_;
  const std::int64_t num_steps_;
  const DType dtype_;
  const ExpertStrides strides_;
  std::vector<std::byte> row_;
  std::byte* const to_;
};

ExpertShape shape_of(const ExpertMatrices& expert) {
  const HostMatrix &gate = expert.gate, &up = expert.up, &down = expert.down;
  UNMASK_CHECK(gate.rows == up.rows && gate.cols == up.cols);
  UNMASK_CHECK(down.rows == gate.cols && down.cols == gate.rows);
  return {int(gate.cols), int(gate.rows)};
}

class ExpertPacker {
 public:
  ExpertPacker(const ExpertsView& view, UploadRing& ring) : view_(view), ring_(ring) {}

  /// One expert's, which are contiguous in every layout.
  void send_gate_up(const ExpertMatrices& expert, std::byte* device) {
    const std::size_t bytes = bytes_of(view_.shape.gate_up_values());
    std::byte* const to = ring_.begin(bytes);
    std::memset(to, 0, bytes);
    RowWriter writer(view_.shape.hidden, view_.dtype, view_.gate_up_strides(), to);
    for (std::int64_t row = 0; row < view_.shape.width; ++row) {
      const std::int64_t to_row = row / 8 * 16 + row % 8;
      writer.write(expert.gate, row, to_row);
      writer.write(expert.up, row, to_row + 8);
    }
    ring_.send(device, bytes);
  }

  void send_down_tiles(const ExpertMatrices& expert, std::byte* device) {
    const std::size_t bytes = bytes_of(view_.shape.down_values());
    std::byte* const to = ring_.begin(bytes);
    std::memset(to, 0, bytes);
    RowWriter writer(view_.shape.width, view_.dtype, view_.down_strides(), to);
    for (std::int64_t row = 0; row < view_.shape.hidden; ++row) writer.write(expert.down, row, row);
    ring_.send(device, bytes);
  }

  void send_down_rows(std::span<const ExpertMatrices> experts, std::byte* device) {
    const std::size_t part_bytes = bytes_of(view_.shape.down_cols());
    const std::size_t row_bytes = experts.size() * part_bytes;
    const std::int64_t at_once =
        std::max<std::int64_t>(1, kBytesAtOnce / std::int64_t(row_bytes + 1));
    const ShareOffsets cols = one_share(view_.shape.width);
    for (std::int64_t first = 0; first < view_.shape.down_rows(); first += at_once) {
      const std::int64_t count = std::min(at_once, view_.shape.down_rows() - first);
      const std::size_t bytes = std::size_t(count) * row_bytes;
      std::byte* to = ring_.begin(bytes);
      std::memset(to, 0, bytes);
      for (std::int64_t row = first; row < first + count; ++row) {
        for (const ExpertMatrices& expert : experts) {
          if (row < expert.down.rows) {
            const std::int64_t at = row * expert.down.row_stride;
            pack_row(static_cast<const std::byte*>(expert.down.data) +
                         std::size_t(at) * size_of(expert.down.dtype),
                     expert.down.dtype, cols, view_.dtype, to);
          }
          to += part_bytes;
        }
      }
      ring_.send(device + std::size_t(first) * row_bytes, bytes);
    }
  }

  [[nodiscard]] std::size_t bytes_of(std::int64_t values) const {
    return std::size_t(values) * size_of(view_.dtype);
  }

 private:
  const ExpertsView& view_;
  UploadRing& ring_;
};

}  // namespace

std::unique_ptr<CudaExperts> pack_experts(std::span<const ExpertMatrices> experts, DType dtype,
                                          ExpertLayout layout, const ShareOffsets& shares,
                                          UploadRing& ring) {
  UNMASK_CHECK(shares.num_items() == std::int64_t(experts.size()));
  const ExpertShape shape = experts.empty() ? ExpertShape{} : shape_of(experts[0]);
  auto packed = std::make_unique<CudaExperts>(int(experts.size()), shape, dtype, layout, shares);
  ExpertPacker packer(packed->view(), ring);
  std::byte *gate_up = packed->gate_up(), *down = packed->down();
  for (const ExpertMatrices& expert : experts) {
    const ExpertShape mine = shape_of(expert);
    UNMASK_CHECK(mine.hidden == shape.hidden && mine.width == shape.width);
    packer.send_gate_up(expert, gate_up);
    gate_up += packer.bytes_of(shape.gate_up_values());
    if (layout == ExpertLayout::kRows) continue;
    packer.send_down_tiles(expert, down);
    down += packer.bytes_of(shape.down_values());
  }
  if (layout == ExpertLayout::kRows) packer.send_down_rows(experts, down);
  return packed;
}

}  // namespace unmask::kernels
