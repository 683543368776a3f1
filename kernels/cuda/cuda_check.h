#pragma once

#include <cuda_runtime_api.h>

#include <source_location>
#include <string>

#include "kernels/device_error.h"

namespace unmask::kernels {

/// Throws a DeviceError that names `call` unless `status` is success.
inline void cuda_check(cudaError_t status, const char* call,
                       std::source_location where = std::source_location::current()) {
  if (status == cudaSuccess) return;
  throw DeviceError(std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": " +
                    call + ": " + cudaGetErrorString(status));
}

}  // namespace unmask::kernels
