#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace unmask {

/// A process that was just started.
struct SpawnedChild {
  pid_t pid = -1;
  int pidfd = -1;   ///< readable once it has ended
  int output = -1;  ///< its stdout and stderr; -1 if they were not asked for
};

struct SpawnOptions {
  bool wants_output = false;
  /// It goes on when the caller ends, in a session of its own, and without stdin, stdout, stderr.
  bool is_free = false;
};

/// Runs `command` in its own process group; unless it is free it is killed when the calling thread
/// ends. The caller owns the descriptors and waits for the pid.
/// Errors: kUnavailable naming the program and why.
Result<SpawnedChild> spawn_child(const std::vector<std::string>& command,
                                 const std::map<std::string, std::string>& environment,
                                 const SpawnOptions& options);

}  // namespace unmask
