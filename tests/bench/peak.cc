#include "tests/bench/peak.h"

#include <algorithm>

#include "tests/bench/peak_loops.h"

namespace unmask::bench {
namespace {

constexpr std::int64_t kRepeats = 300'000;                      // some milliseconds
constexpr std::int64_t kMemoryFloats = std::int64_t{64} << 20;  // more than any cache holds

}  // namespace

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
  const auto flops = [&](const FlopLoop& loop) {
    if (loop.run == nullptr) return 0.0;
    return rate(double(kRepeats) * loop.flops_per_repeat, [&](int) { return loop.run(kRepeats); });
  };
  const std::int64_t count = kMemoryFloats / pool_.num_threads() / kReadMultiple * kReadMultiple;
  const auto* const floats = reinterpret_cast<const float*>(memory_.data());
  const ReadLoop read = read_loop();
  Peaks peaks;
  peaks.f32_gflops = flops(f32_loop());
  peaks.bf16_gflops = flops(bf16_loop());
  peaks.gbytes = rate(double(count) * sizeof(float),
                      [&](int task) { return read(floats + task * count, count); });
  return peaks;
}

}  // namespace unmask::bench
