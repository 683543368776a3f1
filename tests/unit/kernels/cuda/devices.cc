#include "kernels/make_backend.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {

std::vector<Device> devices() {
  const auto make = [](int) {
    auto backend = make_backend({.kind = DeviceKind::kCuda});
    return backend ? std::move(*backend) : nullptr;
  };
  return {{"Cuda", make, UNMASK_TESTS_SIZE_STEP}};
}

}  // namespace unmask::kernels
