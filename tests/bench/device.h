#pragma once

#include <functional>
#include <optional>

#include "kernels/backend.h"
#include "tests/bench/peak.h"
#include "tests/bench/report.h"
#include "tests/bench/stopwatch.h"

namespace unmask::bench {

/// What is measured: a backend, what it can do at best, and how long its forwards take.
class Device {
 public:
  virtual ~Device() = default;

  [[nodiscard]] virtual kernels::Backend& backend() = 0;
  [[nodiscard]] virtual Stopwatch stopwatch() const = 0;
  [[nodiscard]] virtual Peaks measure_peaks() = 0;
  /// Writes down which device this is.
  virtual void describe(Report& report) = 0;

  /// Gets ready to time a forward as a whole. forward() was called before, and waits for nothing.
  virtual void prepare(const std::function<void()>& forward) = 0;
  /// Seconds of that forward when nobody looks at its parts. Nothing: looking costs nothing here.
  [[nodiscard]] virtual std::optional<double> replay() = 0;
};

}  // namespace unmask::bench
