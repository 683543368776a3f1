#include "kernels/cpu/weights.h"

#include "kernels/cpu/numeric.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

CpuMatrix::CpuMatrix(std::span<const HostMatrix> parts, DType dtype, ShareOffsets col_shares)
    : cols_(parts.empty() ? 0 : int(parts.front().cols)), col_shares_(col_shares) {
  for (const HostMatrix& part : parts) {
    UNMASK_CHECK(part.cols == cols_);
    rows_ += int(part.rows);
  }
  UNMASK_CHECK(col_shares.num_items() == cols_);
  values_.reserve(std::size_t(rows_) * std::size_t(cols_));
  for (const HostMatrix& part : parts) {
    for (std::int64_t i = 0; i < part.rows; ++i) {
      for (std::int64_t j = 0; j < part.cols; ++j) {
        float value = load(part.data, part.dtype, std::size_t(i * part.row_stride + j));
        if (dtype == DType::kBF16) value = bf16_to_f32(f32_to_bf16(value));
        values_.push_back(value);
      }
    }
  }
}

CpuExperts::CpuExperts(std::span<const ExpertMatrices> experts, DType dtype, ShareOffsets shares)
    : shares_(shares) {
  UNMASK_CHECK(shares.num_items() == std::int64_t(experts.size()));
  const auto pack = [&](const HostMatrix& matrix) {
    ShareOffsets whole;
    whole.offset[1] = matrix.cols;
    return CpuMatrix({&matrix, 1}, dtype, whole);
  };
  for (const ExpertMatrices& expert : experts) {
    experts_.push_back({pack(expert.gate), pack(expert.up), pack(expert.down)});
  }
}

std::size_t CpuExperts::bytes() const {
  std::size_t total = 0;
  for (const CpuExpert& e : experts_) total += e.gate.bytes() + e.up.bytes() + e.down.bytes();
  return total;
}

}  // namespace unmask::kernels
