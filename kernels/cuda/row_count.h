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

  [[nodiscard]] __device__ int now() const { return live == nullptr ? capacity : *live; }
};

inline RowCount row_count(const Tensor& tensor) { return {tensor.rows, tensor.live_rows}; }

}  // namespace unmask::kernels
