#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "kernels/device_error.h"

namespace unmask::kernels {

/// Throws a DeviceError that names `call` unless `status` is success.
inline void cuda_check(cudaError_t status, const char* call, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE()) {
  if (status == cudaSuccess) return;
  throw failed_call(std::string(file) + ":" + std::to_string(line) + ": " + call,
                    cudaGetErrorName(status), cudaGetErrorString(status));
}

}  // namespace unmask::kernels
