#pragma once

#include "kernels/backend.h"
#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/device_memory.h"

namespace unmask::kernels {

/// Experts of one shape on the device, one after another.
struct ExpertsView {
  const void* gate_up = nullptr;  ///< [num_experts, shape.gate_up_values()]
  const void* down = nullptr;     ///< [num_experts, shape.down_values()]
  DType dtype = DType::kF32;      ///< f32 or bf16
  int num_experts = 0;
  ExpertShape shape;
  ShareOffsets shares;  ///< of the experts
};

class CudaExperts final : public PackedExperts {
 public:
  CudaExperts(int num_experts, ExpertShape shape, DType dtype, const ShareOffsets& shares);

  [[nodiscard]] int num_experts() const override { return view_.num_experts; }
  [[nodiscard]] int hidden_size() const override { return view_.shape.hidden; }
  [[nodiscard]] std::size_t bytes() const override { return gate_up_.size() + down_.size(); }
  [[nodiscard]] const ExpertsView& view() const { return view_; }

  /// Where the expert's matrices go.
  [[nodiscard]] std::byte* gate_up(int expert) const;
  [[nodiscard]] std::byte* down(int expert) const;
  [[nodiscard]] std::size_t gate_up_bytes() const;  ///< of one expert
  [[nodiscard]] std::size_t down_bytes() const;

 private:
  ExpertsView view_;
  DeviceMemory gate_up_, down_;
};

/// An expert as the view says, in host memory.
///
/// to: [gate_up_values()] of dtype
void pack_gate_up(const ExpertMatrices& expert, DType dtype, std::byte* to);
/// to: [down_values()] of dtype
void pack_down(const ExpertMatrices& expert, DType dtype, std::byte* to);

/// `experts` were packed by a CudaBackend.
inline const ExpertsView& view_of(const PackedExperts& experts) {
  return static_cast<const CudaExperts&>(experts).view();
}

}  // namespace unmask::kernels
