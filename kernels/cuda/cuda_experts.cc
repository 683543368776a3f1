#include "kernels/cuda/cuda_experts.h"

#include <cstring>
#include <vector>

#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

/// Writes rows of a matrix with so many columns into their tiles.
class TileWriter {
 public:
  TileWriter(std::int64_t num_cols, DType dtype, std::byte* to)
      : cols_{{0, num_cols}, 1},
        num_steps_(padded_shares(cols_).num_items() / kColsPerStep),
        dtype_(dtype),
        row_(std::size_t(num_steps_) * step_bytes()),
        to_(to) {}

  void write(const HostMatrix& matrix, std::int64_t from_row, std::int64_t to_row) {
    const auto* const from = static_cast<const std::byte*>(matrix.data) +
                             std::size_t(from_row * matrix.row_stride) * size_of(matrix.dtype);
    pack_row(from, matrix.dtype, cols_, dtype_, row_.data());
    const std::int64_t tile = to_row / kExpertTileRows, place = to_row % kExpertTileRows;
    for (std::int64_t step = 0; step < num_steps_; ++step) {
      const std::int64_t at = (tile * num_steps_ + step) * kExpertTileRows + place;
      std::memcpy(to_ + std::size_t(at) * step_bytes(),
                  row_.data() + std::size_t(step) * step_bytes(), step_bytes());
    }
  }

 private:
  [[nodiscard]] std::size_t step_bytes() const { return kColsPerStep * size_of(dtype_); }

  const ShareOffsets cols_;
  const std::int64_t num_steps_;
  const DType dtype_;
  std::vector<std::byte> row_;
  std::byte* const to_;
};

ExpertShape shape_of(const ExpertMatrices& expert) {
  const HostMatrix &gate = expert.gate, &up = expert.up, &down = expert.down;
  UNMASK_CHECK(gate.rows == up.rows && gate.cols == up.cols);
  UNMASK_CHECK(down.rows == gate.cols && down.cols == gate.rows);
  return {int(gate.cols), int(gate.rows)};
}

std::size_t bytes_of(std::int64_t values, DType dtype) {
  return std::size_t(values) * size_of(dtype);
}

}  // namespace

CudaExperts::CudaExperts(int num_experts, ExpertShape shape, DType dtype,
                         const ShareOffsets& shares)
    : view_{nullptr, nullptr, dtype, num_experts, shape, shares},
      gate_up_(std::size_t(num_experts) * gate_up_bytes()),
      down_(std::size_t(num_experts) * down_bytes()) {
  UNMASK_CHECK(dtype == DType::kF32 || dtype == DType::kBF16);
  view_.gate_up = gate_up_.data();
  view_.down = down_.data();
}

std::byte* CudaExperts::gate_up(int expert) const {
  return static_cast<std::byte*>(gate_up_.data()) + std::size_t(expert) * gate_up_bytes();
}
std::byte* CudaExperts::down(int expert) const {
  return static_cast<std::byte*>(down_.data()) + std::size_t(expert) * down_bytes();
}
std::size_t CudaExperts::gate_up_bytes() const {
  return bytes_of(view_.shape.gate_up_values(), view_.dtype);
}
std::size_t CudaExperts::down_bytes() const {
  return bytes_of(view_.shape.down_values(), view_.dtype);
}

void pack_gate_up(const ExpertMatrices& expert, DType dtype, std::byte* to) {
  const ExpertShape shape = shape_of(expert);
  std::memset(to, 0, bytes_of(shape.gate_up_values(), dtype));
  TileWriter writer(shape.hidden, dtype, to);
  for (std::int64_t row = 0; row < shape.width; ++row) {
    const std::int64_t to_row = row / 8 * 16 + row % 8;
    writer.write(expert.gate, row, to_row);
    writer.write(expert.up, row, to_row + 8);
  }
}

void pack_down(const ExpertMatrices& expert, DType dtype, std::byte* to) {
  const ExpertShape shape = shape_of(expert);
  std::memset(to, 0, bytes_of(shape.down_values(), dtype));
  TileWriter writer(shape.width, dtype, to);
  for (std::int64_t row = 0; row < shape.hidden; ++row) writer.write(expert.down, row, row);
}

}  // namespace unmask::kernels
