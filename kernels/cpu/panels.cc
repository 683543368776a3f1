#include "kernels/cpu/panels.h"

#include <cstring>

#include "kernels/float_formats.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

Steps steps_of(const ShareOffsets& col_shares, DType dtype) {
  const int cols_per_step = dtype == DType::kBF16 ? 2 : 1;
  Steps steps;
  steps.count = col_shares.count;
  for (int i = 0; i < col_shares.count; ++i) {
    const std::int64_t num_cols = col_shares.offset[i + 1] - col_shares.offset[i];
    UNMASK_CHECK(num_cols >= 0);
    steps.offset[i + 1] = steps.offset[i] + (num_cols + cols_per_step - 1) / cols_per_step;
  }
  return steps;
}

float value_at(const SourceRow& row, std::int64_t col) {
  if (row.dtype == DType::kF32) {
    float value;
    std::memcpy(&value, row.data + col * 4, 4);
    return value;
  }
  std::uint16_t bits;
  std::memcpy(&bits, row.data + col * 2, 2);
  return row.dtype == DType::kBF16 ? float_of_bf16(bits) : float_of_f16(bits);
}

/// Writes one lane of a panel: input features [begin, end) of `row`, from the step at `to`.
void write_lane(const SourceRow& row, std::int64_t begin, std::int64_t end, DType dtype,
                std::byte* to) {
  if (dtype == DType::kF32) {
    for (std::int64_t col = begin; col < end; ++col, to += kStepBytes) {
      const float value = value_at(row, col);
      std::memcpy(to, &value, 4);
    }
    return;
  }
  for (std::int64_t col = begin; col < end; ++col) {
    std::uint16_t bits;
    if (row.dtype == DType::kBF16) {
      std::memcpy(&bits, row.data + col * 2, 2);
    } else {
      bits = bf16_of(value_at(row, col));
    }
    std::memcpy(to + (col - begin) / 2 * kStepBytes + (col - begin) % 2 * 2, &bits, 2);
  }
}

}  // namespace

void append_rows(const HostMatrix& matrix, int multiple, std::vector<SourceRow>& rows) {
  UNMASK_CHECK(matrix.row_stride >= matrix.cols);
  const std::size_t row_bytes = std::size_t(matrix.row_stride) * size_of(matrix.dtype);
  for (std::int64_t i = 0; i < matrix.rows; ++i) {
    rows.push_back(
        {static_cast<const std::byte*>(matrix.data) + std::size_t(i) * row_bytes, matrix.dtype});
  }
  while (rows.size() % std::size_t(multiple) != 0) rows.push_back({});
}

Panels::Panels(std::span<const SourceRow> rows, DType dtype, const ShareOffsets& col_shares,
               ThreadPool& pool)
    : dtype_(dtype),
      num_rows_(int(rows.size())),
      col_shares_(col_shares),
      steps_(steps_of(col_shares, dtype)) {
  UNMASK_CHECK(dtype == DType::kF32 || dtype == DType::kBF16);
  bytes_ = AlignedBytes(std::size_t(num_panels()) * panel_bytes());
  pool.run(num_panels(), [&](int idx, int) {
    for (int lane = 0; lane < kPanelCols && idx * kPanelCols + lane < num_rows_; ++lane) {
      const SourceRow& row = rows[std::size_t(idx * kPanelCols + lane)];
      if (row.data == nullptr) continue;
      std::byte* const panel = bytes_.data() + std::size_t(idx) * panel_bytes() + lane * 4;
      for (int i = 0; i < steps_.count; ++i) {
        write_lane(row, col_shares_.offset[i], col_shares_.offset[i + 1], dtype,
                   panel + steps_.offset[i] * kStepBytes);
      }
    }
  });
}

}  // namespace unmask::kernels
