/// Runs Python that nobody has read.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "runtime/base/result.h"

namespace unmask::cli {

enum class Isolation : std::uint8_t {
  /// Of the machine's files it sees /usr and the like, of which it may write none; an empty folder
  /// of its own in memory; no network; no other process.
  kFull,
  /// It reads and writes what its user may. Network and further processes it has none.
  kLimitsOnly,
};

struct SandboxLimits {
  std::chrono::milliseconds wall{10'000};
  std::uint64_t cpu_seconds = 8;
  std::uint64_t memory_bytes = 1ull << 30;
  std::uint64_t file_bytes = 16ull << 20;
  std::uint64_t output_bytes = 64ull << 10;
};

struct SandboxRun {
  enum class End : std::uint8_t { kEnded, kTimeout, kTooMuchOutput };
  End end = End::kEnded;
  std::string output;  ///< stdout and stderr, no more than the limit
};

/// Runs `program` to its end or its limits, and leaves no process and no file. Blocks; never call
/// it on the control thread of a cluster.
///
/// Errors  kUnavailable, one sentence: there is no Python, or this machine cannot isolate it, and
///         what to do
[[nodiscard]] Result<SandboxRun> run_python(const std::string& program, Isolation isolation,
                                            const SandboxLimits& limits = {});

}  // namespace unmask::cli
