#include "tests/bench/peak_loops.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace unmask::bench {
namespace {

// Sums in flight hide the latency of one. In each loop the compiler is told that a sum may have
// changed, so that it drops and joins nothing.
constexpr int kSums = 16;

float add_products(std::int64_t repeats) {
  using Vec [[gnu::vector_size(16)]] = float;
  constexpr int kFewerSums = 8;
  Vec sums[kFewerSums] = {};
  const Vec x = {0.5f, 0.5f, 0.5f, 0.5f};
  for (std::int64_t n = 0; n < repeats; ++n) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) sums[i % kFewerSums] = x * x + sums[i % kFewerSums];
    for (Vec& sum : sums) asm volatile("" : "+m"(sum));
  }
  return sums[0][0];
}

/// Two places are read by turns, which is faster than one.
float read(const float* from, std::int64_t count) {
  float first = 0, second = 0;
  for (std::int64_t i = 0; i < count / 2; ++i) {
    first += from[i];
    second += from[count / 2 + i];
  }
  return first + second;
}

#ifdef __x86_64__
[[gnu::target("avx2,fma")]] float add_products_avx2(std::int64_t repeats) {
  constexpr int kFewerSums = 8;  // there are 16 registers
  __m256 sums[kFewerSums] = {};
  const __m256 x = _mm256_set1_ps(0.5f);
  for (std::int64_t n = 0; n < repeats; ++n) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      sums[i % kFewerSums] = _mm256_fmadd_ps(x, x, sums[i % kFewerSums]);
      asm volatile("" : "+x"(sums[i % kFewerSums]));
    }
  }
  return _mm256_cvtss_f32(sums[0]);
}

[[gnu::target("avx2")]] float read_avx2(const float* from, std::int64_t count) {
  __m256 sums[4] = {};
  const float* const second = from + count / 2;
  for (std::int64_t i = 0; i < count / 2; i += 16) {
    sums[0] = _mm256_add_ps(sums[0], _mm256_loadu_ps(from + i));
    sums[1] = _mm256_add_ps(sums[1], _mm256_loadu_ps(from + i + 8));
    sums[2] = _mm256_add_ps(sums[2], _mm256_loadu_ps(second + i));
    sums[3] = _mm256_add_ps(sums[3], _mm256_loadu_ps(second + i + 8));
  }
  const __m256 sum =
      _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
  return _mm256_cvtss_f32(sum);
}

[[gnu::target("avx512f")]] float add_products_avx512(std::int64_t repeats) {
  __m512 sums[kSums] = {};
  const __m512 x = _mm512_set1_ps(0.5f);
  for (std::int64_t n = 0; n < repeats; ++n) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      sums[i] = _mm512_fmadd_ps(x, x, sums[i]);
      asm volatile("" : "+v"(sums[i]));
    }
  }
  return _mm512_cvtss_f32(sums[0]);
}

[[gnu::target("avx512f,avx512bf16")]] float add_bf16_products_avx512(std::int64_t repeats) {
  __m512 sums[kSums] = {};
  const auto x = (__m512bh)_mm512_set1_epi16(0x3f00);
  for (std::int64_t n = 0; n < repeats; ++n) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      sums[i] = _mm512_dpbf16_ps(sums[i], x, x);
      asm volatile("" : "+v"(sums[i]));
    }
  }
  return _mm512_cvtss_f32(sums[0]);
}

[[gnu::target("avx512f")]] float read_avx512(const float* from, std::int64_t count) {
  __m512 sums[4] = {};
  const float* const second = from + count / 2;
  for (std::int64_t i = 0; i < count / 2; i += 32) {
    sums[0] = _mm512_add_ps(sums[0], _mm512_loadu_ps(from + i));
    sums[1] = _mm512_add_ps(sums[1], _mm512_loadu_ps(from + i + 16));
    sums[2] = _mm512_add_ps(sums[2], _mm512_loadu_ps(second + i));
    sums[3] = _mm512_add_ps(sums[3], _mm512_loadu_ps(second + i + 16));
  }
  const __m512 sum =
      _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
  return _mm512_cvtss_f32(sum);
}
#endif

}  // namespace

FlopLoop f32_loop() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return {add_products_avx512, kSums * 32};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return {add_products_avx2, kSums * 16};
  }
#endif
  return {add_products, kSums * 8};
}

FlopLoop bf16_loop() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512bf16")) return {add_bf16_products_avx512, kSums * 64};
#endif
  return {};
}

ReadLoop read_loop() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return read_avx512;
  if (__builtin_cpu_supports("avx2")) return read_avx2;
#endif
  return read;
}

}  // namespace unmask::bench
