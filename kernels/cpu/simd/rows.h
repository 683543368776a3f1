/// Loops over the values of one row.

#pragma once

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/simd/exp.h"
#include "kernels/cpu/simd/vec.h"

namespace unmask::kernels {
namespace {

/// work(first, count) for each vector of values, the last time for fewer.
template <class Work>
[[gnu::always_inline]] inline void for_each_vec(std::int64_t n, Work&& work) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) work(i, kLanes);
  if (i < n) work(i, int(n - i));
}

inline void round_to_bf16(const float* x, std::int64_t n, std::uint16_t* out) {
  using Half [[gnu::vector_size(kLanes * 2)]] = std::uint16_t;
  for_each_vec(n, [&](std::int64_t i, int count) {
    const Vec value = load_first(x + i, count);
    const VecBits bits = VecBits(value);
    const VecBits rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    const VecBits quiet = bits >> 16 | 0x40u;  // a NaN stays one
    const Half half = __builtin_convertvector(value != value ? quiet : rounded, Half);
    __builtin_memcpy(out + i, &half, sizeof(std::uint16_t) * unsigned(count));
  });
}

inline void widen_bf16(const std::uint16_t* x, std::int64_t n, float* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint32_t bits = std::uint32_t{x[i]} << 16;
    __builtin_memcpy(out + i, &bits, sizeof(bits));
  }
}

inline float dot(const float* a, const float* b, std::int64_t n) {
  Vec even{}, odd{};
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    even = multiply_add(load(a + i), load(b + i), even);
    odd = multiply_add(load(a + i + kLanes), load(b + i + kLanes), odd);
  }
  for_each_vec(n - i, [&](std::int64_t j, int count) {
    even = multiply_add(load_first(a + i + j, count), load_first(b + i + j, count), even);
  });
  return sum_of_lanes(even + odd);
}

inline void rms_norm(const float* x, const float* weight, float eps, std::int64_t n, float* out) {
  const float scale = 1.0f / __builtin_sqrtf(dot(x, x, n) / float(n) + eps);
  for_each_vec(n, [&](std::int64_t i, int count) {
    const Vec value = load_first(x + i, count) * scale * load_first(weight + i, count);
    store_first(out + i, value, count);
  });
}

inline void rotate(float* x, const float* cos, const float* sin, int half) {
  for_each_vec(half, [&](std::int64_t i, int count) {
    const Vec a = load_first(x + i, count), b = load_first(x + half + i, count);
    const Vec c = load_first(cos + i, count), s = load_first(sin + i, count);
    store_first(x + i, a * c - b * s, count);
    store_first(x + half + i, b * c + a * s, count);
  });
}

inline void silu_multiply(const float* gate, const float* up, int n, float* out) {
  for (int i = 0; i < n; i += kLanes) {
    const Vec g = load(gate + i);
    store(out + i, g / (1.0f + exp(-g)) * load(up + i));
  }
}

inline void add_scaled(const float* x, float factor, std::int64_t n, float* out) {
  for_each_vec(n, [&](std::int64_t i, int count) {
    store_first(out + i,
                multiply_add(load_first(x + i, count), splat(factor), load_first(out + i, count)),
                count);
  });
}

inline void add_tree(const float* parts, std::int64_t stride, int num_parts, std::int64_t n,
                     float* out) {
  for_each_vec(n, [&](std::int64_t i, int count) {
    Vec node[kNumShares];
    for (int p = 0; p < num_parts; ++p) node[p] = load_first(parts + p * stride + i, count);
    for (int width = num_parts / 2; width > 0; width /= 2) {
      for (int p = 0; p < width; ++p) node[p] = node[2 * p] + node[2 * p + 1];
    }
    store_first(out + i, load_first(out + i, count) + node[0], count);
  });
}

}  // namespace
}  // namespace unmask::kernels
