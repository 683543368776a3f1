#include "kernels/cuda/make_cuda_backend.h"

#include <string>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/device_error.h"
#include "kernels/gpus.h"

namespace unmask::kernels {

Result<std::unique_ptr<Backend>> make_cuda_backend(
    int index, const std::optional<FastProducts>& fast_products) {
  const Gpus gpus = find_gpus();
  if (!gpus.problem.empty()) return Error{ErrorCode::kUnavailable, gpus.problem};
  if (index < 0 || index >= int(gpus.all.size())) {
    return invalid("there is no GPU " + std::to_string(index) + "; this machine has " +
                   std::to_string(gpus.all.size()));
  }
  const std::string& problem = gpus.all[std::size_t(index)].problem;
  if (!problem.empty()) {
    return Error{ErrorCode::kUnavailable, "GPU " + std::to_string(index) + ": " + problem};
  }
  try {
    return std::unique_ptr<Backend>(std::make_unique<CudaBackend>(
        CudaBackend::Options{.device = index, .fast_products = fast_products}));
  } catch (const DeviceError& error) {
    if (error.fault() == DeviceFault::kHardware) throw;
    return Error{ErrorCode::kUnavailable, error.what()};
  }
}

}  // namespace unmask::kernels
