/// Small numeric pieces that several CPU ops share.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/tensor.h"

namespace unmask::kernels {

inline float bf16_to_f32(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t(bits) << 16);
}

/// Round to nearest, ties to even; NaN stays NaN.
inline std::uint16_t f32_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return std::uint16_t(bits >> 16 | 0x40);
  return std::uint16_t((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

inline float f16_to_f32(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16;
  const std::uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float magnitude = float(fraction) * 0x1p-24f;
  return sign != 0 ? -magnitude : magnitude;
}

/// Element `i` of memory that holds `dtype`.
inline float load(const void* data, DType dtype, std::size_t i) {
  switch (dtype) {
    case DType::kF32:
      return static_cast<const float*>(data)[i];
    case DType::kBF16:
      return bf16_to_f32(static_cast<const std::uint16_t*>(data)[i]);
    case DType::kF16:
      return f16_to_f32(static_cast<const std::uint16_t*>(data)[i]);
  }
  return 0;
}

inline constexpr int kLanes = 16;

/// sum_k a[k] * b[k] in 16 lanes, then a tree over the lanes: the order depends on `n` alone.
inline float dot(const float* a, const float* b, std::int64_t n) {
  float lanes[kLanes] = {};
  std::int64_t k = 0;
  for (; k + kLanes <= n; k += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += a[k + lane] * b[k + lane];
  }
  for (int lane = 0; k < n; ++k, ++lane) lanes[lane] += a[k] * b[k];
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

/// Balanced tree over parts[0 .. count), count a power of two; overwrites parts.
inline float tree_sum(float* parts, int count) {
  for (int step = 1; step < count; step *= 2) {
    for (int i = 0; i + step < count; i += 2 * step) parts[i] += parts[i + step];
  }
  return parts[0];
}

}  // namespace unmask::kernels
