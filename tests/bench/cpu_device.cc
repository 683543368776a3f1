#include "tests/bench/cpu_device.h"

namespace unmask::bench {
namespace {

kernels::CpuBackend::Options backend_options(const Options& options) {
  kernels::CpuBackend::Options backend;
  backend.threads.num_threads = options.num_threads;
  backend.instruction_set = options.instruction_set;
  return backend;
}

}  // namespace

CpuDevice::CpuDevice(const Options& options)
    : backend_(backend_options(options)),
      stopwatch_(options.stopwatch, backend_.num_threads()),
      meter_(backend_.num_threads(), stopwatch_) {}

void CpuDevice::describe(Report& report) {
  report.num_threads = backend_.num_threads();
  report.instruction_set = backend_.instruction_set_name();
}

}  // namespace unmask::bench
