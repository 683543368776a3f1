#pragma once

#include <cstdint>

#include "kernels/cuda/device.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// How many rows an operation has. A graph is captured for `capacity` rows and replayed with the
/// number that stands in device memory then; rows from there on are neither read nor written.
struct RowCount {
  int capacity = 0;
  const std::int32_t* live = nullptr;  ///< null: all
  int offset = 0;                      ///< rows that `live` counts before the first one

  [[nodiscard]] __device__ int now() const {
    if (live == nullptr) return capacity;
    const int left = *live - offset;
    return left < 0 ? 0 : (left < capacity ? left : capacity);
  }
};

inline RowCount row_count(const Tensor& tensor) {
  return {tensor.rows, tensor.live_rows, tensor.live_offset};
}

}  // namespace unmask::kernels
