// NOT FOR MAIN: stands in until the other operations are there.
#include "kernels/cuda/cuda_backend.h"
#include "runtime/base/check.h"
namespace unmask::kernels {
std::unique_ptr<PackedExperts> CudaBackend::pack_experts(std::span<const ExpertMatrices>, DType,
                                                         ShareOffsets) {
  UNMASK_CHECK(false);
  return nullptr;
}
void CudaBackend::route_topk(Tensor, const float*, int, const Routing&, std::int32_t*, float*) {
  UNMASK_CHECK(false);
}
void CudaBackend::experts(Tensor, const PackedExperts&, int, int, const std::int32_t*, const float*,
                          Tensor) {
  UNMASK_CHECK(false);
}
void CudaBackend::lm_head_candidates(Tensor, const PackedMatrix&, ShareOffsets, std::int32_t,
                                     const CandidateQuery&, CandidateStats*) {
  UNMASK_CHECK(false);
}
void CudaBackend::merge_candidates(const CandidateStats*, int, int, CandidateStats*) {
  UNMASK_CHECK(false);
}
void CudaBackend::mix_embeddings(Tensor, const PackedMatrix&, Tensor, ShareOffsets, const float*,
                                 Tensor) {
  UNMASK_CHECK(false);
}
}  // namespace unmask::kernels
