#include "kernels/cuda/cuda_matrix.h"

#include <cstring>

#include "kernels/float_formats.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

MatrixView view_of_shape(int num_rows, DType dtype, const ShareOffsets& col_shares) {
  UNMASK_CHECK(dtype == DType::kF32 || dtype == DType::kBF16);
  return {nullptr, dtype, num_rows, col_shares, padded_shares(col_shares)};
}

float float_at(const void* from, DType dtype, std::int64_t idx) {
  if (dtype == DType::kF32) return static_cast<const float*>(from)[idx];
  const std::uint16_t bits = static_cast<const std::uint16_t*>(from)[idx];
  return dtype == DType::kBF16 ? float_of_bf16(bits) : float_of_f16(bits);
}

}  // namespace

void pack_row(const void* from, DType from_dtype, const ShareOffsets& shares, DType dtype,
              std::byte* to) {
  const ShareOffsets padded = padded_shares(shares);
  if (padded.num_items() == 0) return;
  std::memset(to, 0, std::size_t(padded.num_items()) * size_of(dtype));
  for (std::size_t i = 0; i < std::size_t(shares.count); ++i) {
    const std::int64_t begin = shares.offset[i], count = shares.offset[i + 1] - begin;
    std::byte* const share = to + std::size_t(padded.offset[i]) * size_of(dtype);
    if (from_dtype == dtype) {
      std::memcpy(share, static_cast<const std::byte*>(from) + std::size_t(begin) * size_of(dtype),
                  std::size_t(count) * size_of(dtype));
      continue;
    }
    for (std::int64_t j = 0; j < count; ++j) {
      const float value = float_at(from, from_dtype, begin + j);
      if (dtype == DType::kF32) {
        std::memcpy(share + j * 4, &value, 4);
      } else {
        const std::uint16_t half = bf16_of(value);
        std::memcpy(share + j * 2, &half, 2);
      }
    }
  }
}

CudaMatrix::CudaMatrix(int num_rows, DType dtype, const ShareOffsets& col_shares)
    : view_(view_of_shape(num_rows, dtype, col_shares)),
      memory_(std::size_t(num_rows) * std::size_t(view_.stride()) * size_of(dtype)) {
  view_.data = memory_.data();
}

}  // namespace unmask::kernels
