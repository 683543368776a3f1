#include "runtime/cli/process/process_metrics.h"

#include <utility>

#include "runtime/os/process_figures.h"

namespace unmask::cli {

ProcessMetrics::ProcessMetrics(Metrics& metrics, double start_time)
    : cpu_seconds_(metrics.counter("process_cpu_seconds_total", "User and system time.")),
      resident_bytes_(metrics.gauge("process_resident_memory_bytes", "Memory that is resident.")),
      virtual_bytes_(metrics.gauge("process_virtual_memory_bytes", "Memory that is mapped.")),
      open_fds_(metrics.gauge("process_open_fds", "Open file descriptors.")),
      max_fds_(metrics.gauge("process_max_fds", "File descriptors that may be open.")) {
  metrics.gauge("process_start_time_seconds", "When this process started, since 1970.")
      .set(start_time);
  update();
}

void ProcessMetrics::update() {
  const ProcessFigures figures = process_figures();
  cpu_seconds_.add(figures.cpu_seconds - std::exchange(counted_cpu_seconds_, figures.cpu_seconds));
  resident_bytes_.set(double(figures.resident_bytes));
  virtual_bytes_.set(double(figures.virtual_bytes));
  open_fds_.set(double(figures.open_fds));
  max_fds_.set(double(figures.max_fds));
}

}  // namespace unmask::cli
