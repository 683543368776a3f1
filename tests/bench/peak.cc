#include "tests/bench/peak.h"

#include <algorithm>
#include <cstdint>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace unmask::bench {
namespace {

constexpr int kSums = 16;                   // in flight: enough to hide the latency of one
constexpr std::int64_t kRepeats = 300'000;  // some milliseconds
constexpr std::int64_t kMemoryFloats = std::int64_t{64} << 20;  // more than any cache holds

/// Adds up products in registers; the work of one repeat is kSums instructions.
struct Loop {
  float (*run)(std::int64_t repeats) = nullptr;
  int flops_per_instruction = 0;
};

// In each loop the compiler is told that a sum may have changed: it drops and joins nothing.

float add_with_sse_or_less(std::int64_t repeats) {
  using Vec [[gnu::vector_size(16)]] = float;
  Vec sums[kSums] = {};
  const Vec x = {0.5f, 0.5f, 0.5f, 0.5f};
  for (std::int64_t n = 0; n < repeats; ++n) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      sums[i] = x * x + sums[i];
      asm volatile("" : "+m"(sums[i]));
    }
  }
  return sums[0][0];
}

#ifdef __x86_64__
[[gnu::target("avx2,fma")]] float add_with_avx2(std::int64_t repeats) {
  __m256 sums[12] = {};  // there are 16 registers
  const __m256 x = _mm256_set1_ps(0.5f);
  for (std::int64_t n = 0; n < repeats; ++n) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      sums[i % 12] = _mm256_fmadd_ps(x, x, sums[i % 12]);
      asm volatile("" : "+x"(sums[i % 12]));
    }
  }
  return _mm256_cvtss_f32(sums[0]);
}

[[gnu::target("avx512f")]] float add_with_avx512(std::int64_t repeats) {
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

[[gnu::target("avx512f,avx512bf16")]] float add_pairs_with_avx512(std::int64_t repeats) {
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
#endif

Loop best_f32_loop() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return {add_with_avx512, 32};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {add_with_avx2, 16};
#endif
  return {add_with_sse_or_less, 8};
}

Loop best_bf16_loop() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512bf16")) return {add_pairs_with_avx512, 64};
#endif
  return {};
}

float add_up(const float* from, std::int64_t count) {
  using Vec [[gnu::vector_size(64)]] = float;
  constexpr int kLanes = 16, kVectors = 4, kPrefetch = 1024;  // floats ahead
  Vec sums[kVectors] = {};
  for (std::int64_t i = 0; i < count; i += kVectors * kLanes) {
    for (int v = 0; v < kVectors; ++v) {
      Vec value;
      __builtin_memcpy(&value, from + i + v * kLanes, sizeof(value));
      __builtin_prefetch(from + i + v * kLanes + kPrefetch);
      sums[v] += value;
    }
  }
  return sums[0][0] + sums[1][0] + sums[2][0] + sums[3][0];
}

}  // namespace

void Peaks::raise_to(const Peaks& other) {
  f32_gflops = std::max(f32_gflops, other.f32_gflops);
  bf16_gflops = std::max(bf16_gflops, other.bf16_gflops);
  gbytes = std::max(gbytes, other.gbytes);
}

PeakMeter::PeakMeter(int num_threads, Stopwatch stopwatch)
    : pool_({.num_threads = num_threads}),
      stopwatch_(stopwatch),
      memory_(std::size_t(kMemoryFloats) * sizeof(float)) {
  auto* const floats = reinterpret_cast<float*>(memory_.data());
  std::fill_n(floats, kMemoryFloats, 1.0f);  // pages that were never written all share one
}

template <class Work>
double PeakMeter::rate(double work_per_thread, const Work& work) {
  const double begin = stopwatch_.seconds();
  pool_.run(pool_.num_threads(), [&](int task, int) { sink_ = work(task); });
  return work_per_thread * pool_.num_threads() / (stopwatch_.seconds() - begin) * 1e-9;
}

Peaks PeakMeter::measure() {
  const auto flops = [&](const Loop& loop) {
    if (loop.run == nullptr) return 0.0;
    return rate(double(kRepeats) * kSums * loop.flops_per_instruction,
                [&](int) { return loop.run(kRepeats); });
  };
  const std::int64_t count = kMemoryFloats / pool_.num_threads() / 64 * 64;
  const auto* const floats = reinterpret_cast<const float*>(memory_.data());
  Peaks peaks;
  peaks.f32_gflops = flops(best_f32_loop());
  peaks.bf16_gflops = flops(best_bf16_loop());
  peaks.gbytes = rate(double(count) * sizeof(float),
                      [&](int task) { return add_up(floats + task * count, count); });
  return peaks;
}

}  // namespace unmask::bench
