#pragma once

#include "kernels/gpus.h"

namespace unmask::cli {

/// A machine with so many GPUs, and a program with CUDA 13.
inline kernels::Gpus checked_gpus(int count) {
  kernels::Gpus gpus{.is_built_in = true, .driver_version = 13010, .runtime_version = 13000};
  for (int i = 0; i < count; ++i) {
    gpus.all.push_back(
        {.index = i, .name = "NVIDIA H200", .capability = 90, .total_bytes = 141ull << 30});
  }
  if (count == 0) gpus.problem = "the NVIDIA driver sees no GPU";
  return gpus;
}

}  // namespace unmask::cli
