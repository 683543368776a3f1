// What CudaBackend does with experts.

#include <algorithm>
#include <vector>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/cuda_experts.h"
#include "kernels/cuda/kernels.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

std::unique_ptr<PackedExperts> CudaBackend::pack_experts(std::span<const ExpertMatrices> experts,
                                                         DType dtype, ShareOffsets shares) {
  UNMASK_CHECK(shares.num_items() == std::int64_t(experts.size()));
  queue();
  const ExpertShape shape = experts.empty()
                                ? ExpertShape{}
                                : ExpertShape{int(experts[0].gate.cols), int(experts[0].gate.rows)};
  auto packed = std::make_unique<CudaExperts>(int(experts.size()), shape, dtype, shares);
  std::vector<std::byte> host(std::max(packed->gate_up_bytes(), packed->down_bytes()));
  for (std::size_t i = 0; i < experts.size(); ++i) {
    UNMASK_CHECK(experts[i].gate.rows == shape.width && experts[i].gate.cols == shape.hidden);
    pack_gate_up(experts[i], dtype, host.data());
    upload(packed->gate_up(int(i)), host.data(), packed->gate_up_bytes());
    pack_down(experts[i], dtype, host.data());
    upload(packed->down(int(i)), host.data(), packed->down_bytes());
  }
  return packed;
}

void CudaBackend::route_topk(Tensor x, const float* router, int num_experts, const Routing& routing,
                             std::int32_t* expert_ids, float* expert_weights) {
  UNMASK_CHECK(routing.top_k >= 1 && routing.num_groups >= 1);
  UNMASK_CHECK(num_experts % routing.num_groups == 0);
  UNMASK_CHECK(routing.top_groups >= 1 && routing.top_groups <= routing.num_groups);
  UNMASK_CHECK(routing.top_k <= num_experts / routing.num_groups * routing.top_groups);
  const cudaStream_t stream = queue();
  auto* const logits = partial_sums_.take<float>(std::size_t(x.rows) * std::size_t(num_experts));
  kernels::route_topk(x, router, num_experts, routing, logits, expert_ids, expert_weights, stream);
}

void CudaBackend::experts(Tensor x, const PackedExperts& experts, int first_expert, int top_k,
                          const std::int32_t* expert_ids, const float* expert_weights, Tensor out) {
  const ExpertsView& view = view_of(experts);
  UNMASK_CHECK(out.rows == x.rows && out.cols == x.cols && top_k >= 1);
  UNMASK_CHECK(view.num_experts == 0 || view.shape.hidden == x.cols);
  const cudaStream_t stream = queue();
  auto* const scratch = packed_rows_.take<std::byte>(experts_scratch_bytes(view, x.rows, top_k));
  kernels::experts(x, view, first_expert, top_k, expert_ids, expert_weights, out, scratch, stream);
}

}  // namespace unmask::kernels
