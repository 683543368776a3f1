#include "kernels/cuda/cuda_backend.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {

std::vector<Device> devices() {
  const auto make = [](int) {
    return CudaBackend::num_devices() > 0 ? std::make_unique<CudaBackend>(CudaBackend::Options{})
                                          : nullptr;
  };
  return {{"Cuda", make, UNMASK_TESTS_SIZE_STEP}};
}

}  // namespace unmask::kernels
