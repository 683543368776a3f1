/// Views of numbers that somebody else owns, on the host and on a device.

#pragma once

#include <cstddef>
#include <cstdint>

namespace unmask::kernels {

enum class DType : std::uint8_t { kF32, kBF16, kF16 };

constexpr std::size_t size_of(DType dtype) { return dtype == DType::kF32 ? 4 : 2; }

constexpr const char* name_of(DType dtype) {
  return dtype == DType::kF32 ? "f32" : (dtype == DType::kBF16 ? "bf16" : "f16");
}

/// A row-major matrix [rows, cols] in a backend's memory.
struct Tensor {
  void* data = nullptr;
  DType dtype = DType::kF32;
  int rows = 0;
  int cols = 0;
  /// In the backend's memory: how many of `rows` there are when an operation runs, which may be
  /// later again (Backend::record). null: all, which is all that a CPU takes.
  const std::int32_t* live_rows = nullptr;
  int live_offset = 0;  ///< of a view: rows that `live_rows` counts before its first
};

/// Rows [first, first + count) of `tensor`.
constexpr Tensor rows_of(const Tensor& tensor, int first, int count) {
  const std::size_t skipped = std::size_t(first) * std::size_t(tensor.cols) * size_of(tensor.dtype);
  return {static_cast<std::byte*>(tensor.data) + skipped,
          tensor.dtype,
          count,
          tensor.cols,
          tensor.live_rows,
          tensor.live_offset + first};
}

/// A row-major matrix [rows, cols] in host memory, as a checkpoint holds it. A slice of columns is
/// a smaller `cols` under the same `row_stride`.
struct HostMatrix {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t row_stride = 0;  ///< elements from one row to the next, >= cols
};

}  // namespace unmask::kernels
