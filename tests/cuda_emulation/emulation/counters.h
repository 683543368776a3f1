#pragma once

#include <cstdint>

namespace unmask::emulation {

/// What this process has asked of its emulated GPUs so far.
struct Counters {
  std::uint64_t launches = 0;        ///< of kernels, those of a replayed graph included
  std::uint64_t graph_launches = 0;  ///< of whole graphs
  std::uint64_t uploads = 0;         ///< copies from host memory
  std::uint64_t downloads = 0;       ///< copies to host memory
  std::uint64_t waits = 0;           ///< calls that return when the device is done
  std::uint64_t events = 0;          ///< that were recorded
  std::uint64_t allocations = 0;     ///< of device and of pinned memory
  std::uint64_t frees = 0;
  std::uint64_t memsets = 0;
  std::uint64_t products = 0;  ///< that the emulated cuBLASLt computed
};

[[nodiscard]] Counters counters();

}  // namespace unmask::emulation
