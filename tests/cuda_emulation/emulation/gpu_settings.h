#pragma once

#include <cstddef>

namespace unmask::emulation {

/// The GPUs that this process sees. Environment variables say which; they are read once.
struct GpuSettings {
  int count = 8;                              ///< UNMASK_EMULATED_GPUS
  std::size_t memory = std::size_t(8) << 30;  ///< UNMASK_EMULATED_GPU_MEMORY: bytes of each
  int capability = 80;                        ///< UNMASK_EMULATED_CAPABILITY: 80 is sm_80
  int driver_version = 0;  ///< UNMASK_EMULATED_DRIVER, 12020 is 12.2; else that of the headers
  int linked = 1 << 20;    ///< UNMASK_EMULATED_LINKED: so many in a row reach each other's memory
};

const GpuSettings& gpu_settings();

/// Of the calling thread.
int current_gpu();

}  // namespace unmask::emulation
