#include "kernels/cuda/cuda_experts.h"

#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

std::size_t bytes_of(int num_experts, std::int64_t values, DType dtype) {
  return std::size_t(num_experts) * std::size_t(values) * size_of(dtype);
}

}  // namespace

CudaExperts::CudaExperts(int num_experts, ExpertShape shape, DType dtype, ExpertLayout layout,
                         const ShareOffsets& shares)
    : view_{nullptr, nullptr, dtype, num_experts, shape, layout, shares},
      gate_up_(bytes_of(num_experts, shape.gate_up_values(), dtype)),
      down_(bytes_of(num_experts, shape.down_values(), dtype)) {
  UNMASK_CHECK(dtype == DType::kF32 || dtype == DType::kBF16);
  view_.gate_up = gate_up_.data();
  view_.down = down_.data();
}

}  // namespace unmask::kernels
