/// A register full of floats in the compiler's own vector type: as many as the instructions that a
/// file is compiled for work on at once.
///
/// Everything in this folder lies in an unnamed namespace: each translation unit that includes it
/// compiles its own copy with its own flags, and the linker can mix up none of them.

#pragma once

#include <cstdint>

#include "kernels/cpu/kernels.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace unmask::kernels {
namespace {

#if defined __AVX512F__
inline constexpr int kLanes = 16;
#elif defined __AVX2__
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
#endif
inline constexpr int kVecsPerPanel = kPanelCols / kLanes;

using Vec [[gnu::vector_size(kLanes * 4)]] = float;
using VecInt [[gnu::vector_size(kLanes * 4)]] = std::int32_t;
using VecBits [[gnu::vector_size(kLanes * 4)]] = std::uint32_t;

[[gnu::always_inline]] inline Vec splat(float value) { return value - Vec{}; }

[[gnu::always_inline]] inline Vec load(const float* from) {
  Vec v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}

[[gnu::always_inline]] inline void store(float* to, Vec v) { __builtin_memcpy(to, &v, sizeof(v)); }

/// The first `count` lanes, the others `rest`. count in [0, kLanes]
[[gnu::always_inline]] inline Vec load_first(const float* from, int count, float rest = 0) {
#ifdef __AVX512F__
  return Vec(_mm512_mask_loadu_ps(__m512(splat(rest)), __mmask16((1u << count) - 1), from));
#else
  Vec v = splat(rest);
  __builtin_memcpy(&v, from, sizeof(float) * unsigned(count));
  return v;
#endif
}

[[gnu::always_inline]] inline void store_first(float* to, Vec v, int count) {
#ifdef __AVX512F__
  _mm512_mask_storeu_ps(to, __mmask16((1u << count) - 1), __m512(v));
#else
  __builtin_memcpy(to, &v, sizeof(float) * unsigned(count));
#endif
}

/// All lanes if `count` is that many, the usual case and a faster store; none if it is negative.
[[gnu::always_inline]] inline void store_most(float* to, Vec v, int count) {
  if (count >= kLanes) {
    store(to, v);
  } else if (count > 0) {
    store_first(to, v, count);
  }
}

/// a * b + c, rounded once where the machine can.
[[gnu::always_inline]] inline Vec multiply_add(Vec a, Vec b, Vec c) {
#ifdef __AVX512F__
  return Vec(_mm512_fmadd_ps(__m512(a), __m512(b), __m512(c)));
#elif defined __AVX2__
  return Vec(_mm256_fmadd_ps(__m256(a), __m256(b), __m256(c)));
#else
  return a * b + c;
#endif
}

/// The larger lane; `a` where b is not a number.
[[gnu::always_inline]] inline Vec larger(Vec a, Vec b) { return b > a ? b : a; }

/// Lanes are added pairwise: i and i + kLanes / 2, and so on.
[[gnu::always_inline]] inline float sum_of_lanes(Vec v) {
  float lane[kLanes];
  store(lane, v);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
  }
  return lane[0];
}

[[gnu::always_inline]] inline float max_of_lanes(Vec v) {
  float lane[kLanes];
  store(lane, v);
  float max = lane[0];
  for (int i = 1; i < kLanes; ++i) max = lane[i] > max ? lane[i] : max;
  return max;
}

}  // namespace
}  // namespace unmask::kernels
