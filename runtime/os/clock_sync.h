#pragma once

#include <cstdint>

namespace unmask {

/// What the kernel knows of the machine's clock.
struct ClockSync {
  bool is_known = false;
  bool is_synchronized = false;   ///< something keeps it at the time of others
  std::int64_t max_error_us = 0;  ///< by how much it may be wrong, if it is
};

[[nodiscard]] ClockSync clock_sync();

}  // namespace unmask
