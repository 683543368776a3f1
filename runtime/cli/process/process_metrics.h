#pragma once

#include "runtime/base/metrics.h"

namespace unmask::cli {

/// Time, memory and descriptors of this process, under the names that every Prometheus client uses.
class ProcessMetrics {
 public:
  /// start_time: of the process, in seconds since 1970.
  ProcessMetrics(Metrics& metrics, double start_time);

  /// Asks the operating system: before the figures are read.
  void update();

 private:
  Counter& cpu_seconds_;
  Gauge& resident_bytes_;
  Gauge& virtual_bytes_;
  Gauge& open_fds_;
  Gauge& max_fds_;
  double counted_cpu_seconds_ = 0;
};

}  // namespace unmask::cli
