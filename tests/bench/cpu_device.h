#pragma once

#include "kernels/cpu/cpu_backend.h"
#include "tests/bench/device.h"
#include "tests/bench/options.h"

namespace unmask::bench {

/// This machine's processor.
class CpuDevice final : public Device {
 public:
  explicit CpuDevice(const Options& options);

  [[nodiscard]] kernels::Backend& backend() override { return backend_; }
  [[nodiscard]] Stopwatch stopwatch() const override { return stopwatch_; }
  [[nodiscard]] Peaks measure_peaks() override { return meter_.measure(); }
  void describe(Report& report) override;
  void prepare(const std::function<void()>&) override {}
  [[nodiscard]] std::optional<double> replay() override { return {}; }

 private:
  kernels::CpuBackend backend_;
  const Stopwatch stopwatch_;
  PeakMeter meter_;
};

}  // namespace unmask::bench
