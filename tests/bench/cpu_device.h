#pragma once

#include "kernels/make_backend.h"
#include "tests/bench/device.h"
#include "tests/bench/options.h"

namespace unmask::bench {

/// This machine's processor.
class CpuDevice final : public Device {
 public:
  /// Of as many threads as `options` says. backend: a CPU's
  CpuDevice(const Options& options, std::unique_ptr<kernels::Backend> backend);

  [[nodiscard]] kernels::Backend& backend() override { return *backend_; }
  [[nodiscard]] Stopwatch stopwatch() const override { return stopwatch_; }
  [[nodiscard]] Peaks measure_peaks() override { return meter_.measure(); }
  void describe(Report& report) override;
  void prepare(const std::function<void()>&) override {}
  [[nodiscard]] std::optional<double> replay() override { return {}; }

 private:
  const int num_threads_;
  const std::unique_ptr<kernels::Backend> backend_;
  const Stopwatch stopwatch_;
  PeakMeter meter_;
};

/// Errors  those of make_backend()
Result<std::unique_ptr<Device>> make_cpu_device(const Options& options);

}  // namespace unmask::bench
