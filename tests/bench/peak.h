#pragma once

#include <atomic>

#include "kernels/cpu/aligned_bytes.h"
#include "kernels/cpu/thread_pool.h"
#include "tests/bench/stopwatch.h"

namespace unmask::bench {

/// What the machine can do at best, on all threads together.
struct Peaks {
  double f32_gflops = 0;   ///< fused multiply-adds of f32
  double bf16_gflops = 0;  ///< products of bf16 added up in f32; 0: no instruction does that
  double gbytes = 0;       ///< read from memory, a second
};

/// Loops that do nothing but what they measure. One round takes some 20 ms, so that it can be
/// repeated beside whatever is compared with it.
class PeakMeter {
 public:
  PeakMeter(int num_threads, Stopwatch stopwatch);

  [[nodiscard]] Peaks measure();

 private:
  /// Work per second, in units of 10^9, when every thread calls work(thread).
  template <class Work>
  double rate(double work_per_thread, const Work& work);

  kernels::ThreadPool pool_;
  Stopwatch stopwatch_;
  kernels::AlignedBytes memory_;
  std::atomic<float> sink_{0};  // what a loop found, so that it must run
};

}  // namespace unmask::bench
