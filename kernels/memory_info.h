#pragma once

#include <cstdint>

namespace unmask::kernels {

/// A device's memory, as far as it is known.
struct MemoryInfo {
  std::uint64_t total_bytes = 0;  ///< 0: not known
  std::uint64_t free_bytes = 0;   ///< that can be taken without swapping; 0: none, or not known
};

/// Of this machine, now.
[[nodiscard]] MemoryInfo host_memory();

}  // namespace unmask::kernels
