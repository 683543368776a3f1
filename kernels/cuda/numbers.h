/// Numbers of a type that is known only when the kernel runs.

#pragma once

#include "kernels/cuda/device.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

__device__ inline float number_at(const void* data, DType dtype, std::int64_t i) {
  return dtype == DType::kF32 ? static_cast<const float*>(data)[i]
                              : to_float(static_cast<const bf16*>(data)[i]);
}
__device__ inline void set_number(void* data, DType dtype, std::int64_t i, float value) {
  if (dtype == DType::kF32)
    static_cast<float*>(data)[i] = value;
  else
    static_cast<bf16*>(data)[i] = from_float<bf16>(value);
}

}  // namespace unmask::kernels
