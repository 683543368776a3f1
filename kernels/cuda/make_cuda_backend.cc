#include "kernels/cuda/make_cuda_backend.h"

#include <string>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/device_error.h"

namespace unmask::kernels {

Result<std::unique_ptr<Backend>> make_cuda_backend(int index) {
  const int num_devices = CudaBackend::num_devices();
  if (num_devices == 0) {
    return Error{ErrorCode::kUnavailable, "there is no GPU on this machine, or no driver for it"};
  }
  if (index < 0 || index >= num_devices) {
    return Error{ErrorCode::kInvalidArgument, "there is no GPU " + std::to_string(index) +
                                                  "; this machine has " +
                                                  std::to_string(num_devices)};
  }
  try {
    return std::unique_ptr<Backend>(
        std::make_unique<CudaBackend>(CudaBackend::Options{.device = index}));
  } catch (const DeviceError& error) {
    return Error{ErrorCode::kUnavailable, error.what()};
  }
}

}  // namespace unmask::kernels
