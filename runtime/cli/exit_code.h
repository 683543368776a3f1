#pragma once

#include "kernels/device_error.h"

namespace unmask::cli {

/// What the shell sees.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,         ///< the work itself failed: a job ended with an error, files differ
  kUsage = 2,          ///< flags or input that cannot be right
  kBadConfig = 3,      ///< a cluster file, checkpoint or key that cannot be used
  kDeviceLost = 4,     ///< a device or worker failed
  kUnreachable = 5,    ///< nobody answered in time
  kHardwareFault = 6,  ///< a device is broken, and the next process will likely find it so
  kInterrupted = 130,  ///< by Ctrl-C, as shells say it
};

/// Of a process whose device failed.
[[nodiscard]] inline ExitCode exit_code_of(const kernels::DeviceError& error) {
  return error.fault() == kernels::DeviceFault::kHardware ? kHardwareFault : kDeviceLost;
}

}  // namespace unmask::cli
