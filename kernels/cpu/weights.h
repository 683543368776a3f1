/// Weights as the CPU ops read them: rows of f32, whatever they were stored as.

#pragma once

#include <vector>

#include "kernels/backend.h"

namespace unmask::kernels {

/// [rows, cols] f32. Packed as bf16, the values are rounded to bf16 first.
class CpuMatrix final : public PackedMatrix {
 public:
  CpuMatrix(std::span<const HostMatrix> parts, DType dtype, ShareOffsets col_shares);

  [[nodiscard]] int rows() const override { return rows_; }
  [[nodiscard]] int cols() const override { return cols_; }
  [[nodiscard]] std::size_t bytes() const override { return values_.size() * sizeof(float); }
  [[nodiscard]] const float* row(int i) const {
    return values_.data() + std::size_t(i) * std::size_t(cols_);
  }
  [[nodiscard]] const ShareOffsets& col_shares() const { return col_shares_; }

 private:
  int rows_ = 0;
  int cols_ = 0;
  ShareOffsets col_shares_;
  std::vector<float> values_;
};

struct CpuExpert {
  CpuMatrix gate, up, down;
};

class CpuExperts final : public PackedExperts {
 public:
  CpuExperts(std::span<const ExpertMatrices> experts, DType dtype, ShareOffsets shares);

  [[nodiscard]] std::size_t bytes() const override;
  [[nodiscard]] const std::vector<CpuExpert>& experts() const { return experts_; }
  [[nodiscard]] const ShareOffsets& shares() const { return shares_; }

 private:
  ShareOffsets shares_;
  std::vector<CpuExpert> experts_;
};

}  // namespace unmask::kernels
