#include "kernels/cuda/cuda_backend.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {

std::vector<Device> devices() {
  if (CudaBackend::num_devices() == 0) return {};
  const auto make = [](int) { return std::make_unique<CudaBackend>(CudaBackend::Options{}); };
  return {{"Cuda", make, UNMASK_TESTS_SIZE_STEP}};
}

}  // namespace unmask::kernels
