#pragma once

#include "kernels/backend.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/cuda/packed_shapes.h"

namespace unmask::kernels {

/// Where a packed matrix lies: row-major [rows, padded.num_items()] of `dtype`, f32 or bf16.
struct MatrixView {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  int rows = 0;
  ShareOffsets cols;    ///< shares of the input features
  ShareOffsets padded;  ///< where each of them lies in a row

  [[nodiscard]] int num_cols() const { return int(cols.num_items()); }
  [[nodiscard]] int stride() const { return int(padded.num_items()); }  ///< elements
};

class CudaMatrix final : public PackedMatrix {
 public:
  CudaMatrix(int num_rows, DType dtype, const ShareOffsets& col_shares);

  [[nodiscard]] int rows() const override { return view_.rows; }
  [[nodiscard]] int cols() const override { return view_.num_cols(); }
  [[nodiscard]] int num_col_shares() const override { return view_.cols.count; }
  [[nodiscard]] std::size_t bytes() const override { return memory_.size(); }
  [[nodiscard]] const MatrixView& view() const { return view_; }
  [[nodiscard]] void* data() const { return memory_.data(); }

 private:
  MatrixView view_;
  DeviceMemory memory_;
};

/// `from` as `dtype`, f32 or bf16, its shares padded with zeros.
///
/// to: [padded_shares(shares).num_items()] of dtype
void pack_row(const void* from, DType from_dtype, const ShareOffsets& shares, DType dtype,
              std::byte* to);

/// `matrix` was packed by a CudaBackend.
inline const MatrixView& view_of(const PackedMatrix& matrix) {
  return static_cast<const CudaMatrix&>(matrix).view();
}

}  // namespace unmask::kernels
