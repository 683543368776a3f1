#include "kernels/cuda/make_cuda_backend.h"

namespace unmask::kernels {

Result<std::unique_ptr<Backend>> make_cuda_backend(int) {
  return Error{ErrorCode::kUnavailable,
               "this program was built without CUDA; ./dev build cuda builds one that has it"};
}

}  // namespace unmask::kernels
