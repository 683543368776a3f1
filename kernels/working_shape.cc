#include "kernels/working_shape.h"

#include "kernels/cpu/working_memory.h"
#include "kernels/cuda/packed_shapes.h"
#include "kernels/cuda/working_memory.h"

namespace unmask::kernels {

std::uint64_t working_bytes(DeviceKind device, const WorkingShape& shape, int num_threads) {
  return device == DeviceKind::kCuda ? cuda_working_bytes(shape)
                                     : cpu_working_memory(shape).total(num_threads);
}

std::uint64_t packed_bytes(DeviceKind device, std::int64_t rows, const ShareOffsets& col_shares,
                           DType dtype) {
  const std::int64_t cols =
      device == DeviceKind::kCuda ? padded_shares(col_shares).num_items() : col_shares.num_items();
  return std::uint64_t(rows) * std::uint64_t(cols) * size_of(dtype);
}

std::uint64_t packed_expert_bytes(DeviceKind device, int hidden, int width, DType dtype) {
  if (device == DeviceKind::kCuda) {
    const ExpertShape shape{hidden, width};
    return std::uint64_t(shape.gate_up_values() + shape.down_values()) * size_of(dtype);
  }
  return std::uint64_t{3} * std::uint64_t(hidden) * std::uint64_t(width) * size_of(dtype);
}

}  // namespace unmask::kernels
