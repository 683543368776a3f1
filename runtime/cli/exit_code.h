#pragma once

namespace unmask::cli {

/// What the shell sees.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,         ///< the work itself failed: a job ended with an error, files differ
  kUsage = 2,          ///< flags or input that cannot be right
  kBadConfig = 3,      ///< a cluster file, checkpoint or key that cannot be used
  kDeviceLost = 4,     ///< a device or worker failed
  kUnreachable = 5,    ///< nobody answered in time
  kInterrupted = 130,  ///< by Ctrl-C, as shells say it
};

}  // namespace unmask::cli
