/// What the process of a sandbox does between its birth and its program. All of it is
/// async-signal-safe, because its parent may have had other threads.

#pragma once

#include <cstdint>

#include "runtime/cli/eval/sandbox.h"

namespace unmask::cli {

/// Everything the child needs, prepared by its parent.
struct SandboxPlan {
  Isolation isolation = Isolation::kFull;
  SandboxLimits limits;
  const char* folder = nullptr;   ///< an empty one; the root of what it sees, if it is isolated
  const char* uid_map = nullptr;  ///< of its user namespace
  const char* gid_map = nullptr;
  const char* const* command = nullptr;  ///< ends with null, as does `environment`
  const char* const* environment = nullptr;
  int input = -1;    ///< what it reads: its program
  int output = -1;   ///< what it says
  int failure = -1;  ///< takes a SandboxFailure if the program cannot be started; close-on-exec
};

struct SandboxFailure {
  char step[24];  ///< what went wrong: "mount"
  int error;      ///< its errno
};

[[noreturn]] void become_sandbox(const SandboxPlan& plan);

}  // namespace unmask::cli
