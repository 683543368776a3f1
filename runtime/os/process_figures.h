#pragma once

#include <cstdint>

namespace unmask {

/// What the operating system says of this process.
struct ProcessFigures {
  double cpu_seconds = 0;  ///< user and system, of all threads
  std::int64_t resident_bytes = 0;
  std::int64_t virtual_bytes = 0;
  std::int64_t open_fds = 0;
  std::int64_t max_fds = 0;
};

/// Zero where it does not say.
[[nodiscard]] ProcessFigures process_figures();

}  // namespace unmask
