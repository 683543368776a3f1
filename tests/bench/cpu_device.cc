#include "tests/bench/cpu_device.h"

#include <utility>

#include "kernels/cpu/thread_pool.h"

namespace unmask::bench {

CpuDevice::CpuDevice(const Options& options, std::unique_ptr<kernels::Backend> backend)
    : num_threads_(options.num_threads > 0 ? options.num_threads : kernels::num_available_cores()),
      backend_(std::move(backend)),
      stopwatch_(options.stopwatch, num_threads_),
      meter_(num_threads_, stopwatch_) {}

void CpuDevice::describe(Report& report) {
  report.num_threads = num_threads_;
  report.instruction_set = backend_->numeric_class().substr(std::string("cpu-").size());
}

Result<std::unique_ptr<Device>> make_cpu_device(const Options& options) {
  auto backend = kernels::make_backend(
      {.num_threads = options.num_threads, .instructions = options.instruction_set});
  if (!backend) return backend.error();
  return std::unique_ptr<Device>(std::make_unique<CpuDevice>(options, std::move(*backend)));
}

}  // namespace unmask::bench
