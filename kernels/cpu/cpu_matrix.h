#pragma once

#include <utility>

#include "kernels/backend.h"
#include "kernels/cpu/panels.h"

namespace unmask::kernels {

class CpuMatrix final : public PackedMatrix {
 public:
  explicit CpuMatrix(Panels panels) : panels_(std::move(panels)) {}

  [[nodiscard]] int rows() const override { return panels_.num_rows(); }
  [[nodiscard]] int cols() const override { return panels_.num_cols(); }
  [[nodiscard]] int num_col_shares() const override { return panels_.col_shares().count; }
  [[nodiscard]] std::size_t bytes() const override { return panels_.bytes(); }
  [[nodiscard]] const Panels& panels() const { return panels_; }

 private:
  Panels panels_;
};

/// `matrix` was packed by a CpuBackend.
inline const Panels& panels_of(const PackedMatrix& matrix) {
  return static_cast<const CpuMatrix&>(matrix).panels();
}

}  // namespace unmask::kernels
