/// What a softmax and the choice of a token need of a row of logits.

#pragma once

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/simd/exp.h"
#include "kernels/cpu/simd/rows.h"
#include "kernels/cpu/simd/vec.h"

namespace unmask::kernels {
namespace {

inline constexpr float kInfinity = __builtin_inff();

inline float max(const float* x, std::int64_t n) {
  Vec best = splat(-kInfinity);
  for_each_vec(n, [&](std::int64_t i, int count) {
    best = larger(best, load_first(x + i, count, -kInfinity));
  });
  return max_of_lanes(best);
}

inline std::int64_t find(const float* x, std::int64_t n, float value) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const VecInt is_equal = load(x + i) == value;
    std::int32_t lane[kLanes];
    __builtin_memcpy(lane, &is_equal, sizeof(lane));
    std::int32_t any = 0;
    for (const std::int32_t equal : lane) any |= equal;
    if (any != 0) break;
  }
  while (i < n && x[i] != value) ++i;
  return i;
}

inline ExpSums exp_sums(const float* x, std::int64_t n, float max) {
  Vec sum{}, sum_x{};
  for_each_vec(n, [&](std::int64_t i, int count) {
    const Vec value = load_first(x + i, count, -kInfinity);
    const VecInt counts = value != -kInfinity;
    const Vec below = counts ? value - max : Vec{};
    const Vec e = counts ? exp(below) : Vec{};
    sum += e;
    sum_x += below * e;
  });
  return {sum_of_lanes(sum), sum_of_lanes(sum_x)};
}

inline float softmax_numerators(float* x, std::int64_t n, float max) {
  Vec sum{};
  for_each_vec(n, [&](std::int64_t i, int count) {
    const Vec e = exp(load_first(x + i, count, -kInfinity) - max);
    sum += e;
    store_first(x + i, e, count);
  });
  return sum_of_lanes(sum);
}

}  // namespace
}  // namespace unmask::kernels
