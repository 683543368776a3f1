#include "kernels/cuda/make_cuda_backend.h"
#include "kernels/gpus.h"

namespace unmask::kernels {
namespace {

constexpr const char* kWithoutCuda =
    "this program was built without CUDA; ./dev build cuda builds one that has it";

}  // namespace

Result<std::unique_ptr<Backend>> make_cuda_backend(
    int /*index*/, const std::optional<FastProducts>& /*fast_products*/) {
  return Error{ErrorCode::kUnavailable, kWithoutCuda};
}

Result<std::string> cublas_lt_version(const std::string& /*library*/) {
  return Error{ErrorCode::kUnavailable, kWithoutCuda};
}

Gpus find_gpus() { return {.problem = kWithoutCuda}; }

std::vector<GpusApart> find_gpus_apart(const Gpus&) { return {}; }

}  // namespace unmask::kernels
