#pragma once

#include "kernels/backend.h"
#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/cuda/packed_shapes.h"

namespace unmask::kernels {

/// Experts of one shape on the device.
struct ExpertsView {
  const void* gate_up = nullptr;  ///< num_experts * shape.gate_up_values(), as `layout` says
  const void* down = nullptr;     ///< num_experts * shape.down_values()
  DType dtype = DType::kF32;      ///< f32 or bf16
  int num_experts = 0;
  ExpertShape shape;
  ExpertLayout layout = ExpertLayout::kTiles;
  ShareOffsets shares;  ///< of the experts

  [[nodiscard]] ExpertStrides gate_up_strides() const {
    return kernels::gate_up_strides(shape, layout);
  }
  [[nodiscard]] ExpertStrides down_strides() const {
    return kernels::down_strides(shape, layout, num_experts);
  }
};

class CudaExperts final : public PackedExperts {
 public:
  CudaExperts(int num_experts, ExpertShape shape, DType dtype, ExpertLayout layout,
              const ShareOffsets& shares);

  [[nodiscard]] int num_experts() const override { return view_.num_experts; }
  [[nodiscard]] int hidden_size() const override { return view_.shape.hidden; }
  [[nodiscard]] std::size_t bytes() const override { return gate_up_.size() + down_.size(); }
  [[nodiscard]] const ExpertsView& view() const { return view_; }

  // All experts' matrices, to be filled.
  [[nodiscard]] std::byte* gate_up() const { return static_cast<std::byte*>(gate_up_.data()); }
  [[nodiscard]] std::byte* down() const { return static_cast<std::byte*>(down_.data()); }

 private:
  ExpertsView view_;
  DeviceMemory gate_up_, down_;
};

/// How rows are packed that are multiplied with gate and up.
inline MatrixView rows_of(const ExpertsView& view) {
  return {nullptr,
          view.dtype,
          int(view.shape.gate_up_rows()),
          {{0, view.shape.hidden}, 1},
          {{0, view.shape.gate_up_cols()}, 1}};
}

/// `experts` were packed by a CudaBackend.
inline const ExpertsView& view_of(const PackedExperts& experts) {
  return static_cast<const CudaExperts&>(experts).view();
}

}  // namespace unmask::kernels
