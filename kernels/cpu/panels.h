#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/aligned_bytes.h"
#include "kernels/cpu/kernels.h"
#include "kernels/cpu/thread_pool.h"

namespace unmask::kernels {

/// One output feature as a checkpoint holds it; null data is a row of zeros.
struct SourceRow {
  const std::byte* data = nullptr;
  DType dtype = DType::kF32;
};

/// Appends the rows of `matrix`, padded with rows of zeros to a multiple of `multiple`.
void append_rows(const HostMatrix& matrix, int multiple, std::vector<SourceRow>& rows);

/// Weights as the inner loops read them: panels of sixteen output features, each a run of steps.
class Panels {
 public:
  Panels() = default;
  /// dtype: kF32 or kBF16. col_shares splits the input features.
  Panels(std::span<const SourceRow> rows, DType dtype, const ShareOffsets& col_shares,
         ThreadPool& pool);

  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] int num_rows() const { return num_rows_; }  ///< output features
  [[nodiscard]] int num_cols() const { return int(col_shares_.num_items()); }
  [[nodiscard]] int num_panels() const { return (num_rows_ + kPanelCols - 1) / kPanelCols; }
  [[nodiscard]] const ShareOffsets& col_shares() const { return col_shares_; }
  [[nodiscard]] const Steps& steps() const { return steps_; }
  [[nodiscard]] std::size_t panel_bytes() const { return std::size_t(steps_.total()) * kStepBytes; }
  [[nodiscard]] const std::byte* panel(int idx) const {
    return bytes_.data() + std::size_t(idx) * panel_bytes();
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }

 private:
  DType dtype_ = DType::kF32;
  int num_rows_ = 0;
  ShareOffsets col_shares_;
  Steps steps_;
  AlignedBytes bytes_;
};

}  // namespace unmask::kernels
