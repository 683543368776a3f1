#include "tests/bench/cuda/cuda_device.h"

namespace unmask::bench {

Result<std::unique_ptr<Device>> make_cuda_device(const Options& /*options*/) {
  return Error{ErrorCode::kUnavailable, "this program was built without CUDA: ./dev build cuda"};
}

}  // namespace unmask::bench
