#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "kernels/device_kind.h"
#include "kernels/tensor.h"
#include "model/network/placement.h"

namespace unmask::network {

/// Keys and values take half the memory in bf16; where weights are f32, somebody wants exactness.
[[nodiscard]] constexpr kernels::DType kv_dtype_of(kernels::DeviceKind device,
                                                   kernels::DType weights) {
  return device == kernels::DeviceKind::kCuda ? weights : kernels::DType::kF32;
}

/// Of one worker. All workers of a replica are given the same, but for the rank.
struct EngineOptions {
  kernels::DType dtype = kernels::DType::kF32;     ///< of weights: kF32 or kBF16
  kernels::DType kv_dtype = kernels::DType::kF32;  ///< of keys and values; kBF16: not on a CPU
  kernels::DeviceKind device = kernels::DeviceKind::kCpu;
  Placement placement;
  int num_threads = 1;                         ///< of the device, if it is a CPU
  bool can_record = true;                      ///< forwards, on a device that is able to
  int max_rows = 4096;                         ///< computed rows of one step
  int num_kv_pages = 0;                        ///< 0: as many as fit kv_cache_bytes
  int num_soft_rows = 0;                       ///< positions of smoothed sequences
  std::uint64_t kv_cache_bytes = 256u << 20u;  ///< of all workers of a replica together

  /// Bytes of weights that are loaded, of how many.
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
  /// Something that whoever runs the worker should know, a sentence; on the engine's thread.
  std::function<void(const std::string&)> on_note;
  /// What was decided at the start, a sentence; on the engine's thread.
  std::function<void(const std::string&)> on_choice;
  /// The clock of StepResult's times; without one they are 0.
  std::function<std::chrono::steady_clock::time_point()> now;
};

}  // namespace unmask::network
