#pragma once

#include <string>
#include <vector>

#include "kernels/gpus.h"
#include "kernels/make_backend.h"
#include "runtime/base/result.h"
#include "runtime/config/cluster_config.h"

namespace unmask::cli {

/// Where one worker computes.
struct DeviceChoice {
  kernels::DeviceKind kind = kernels::DeviceKind::kCpu;
  int gpu = 0;          ///< kCuda: among those that CUDA sees
  int num_sharing = 1;  ///< workers of this machine that have the same GPU, or the CPU

  friend bool operator==(const DeviceChoice&, const DeviceChoice&) = default;
};

/// Of all workers of one machine. wanted: what each asked for, as parse_device_name() reads it, in
/// the order in which they have their turn: the i-th is given the i-th usable GPU. `auto` is the
/// GPUs where there are enough of them, else the CPU.
///
/// Errors  kInvalidArgument, kUnavailable: a sentence that names the flag to change
[[nodiscard]] Result<std::vector<DeviceChoice>> choose_devices(
    const std::vector<std::string>& wanted, const kernels::Gpus& gpus, bool share_gpus);

/// That of one worker of a cluster: its host's workers are placed, replica by replica.
///
/// Errors  those of choose_devices()
[[nodiscard]] Result<DeviceChoice> choose_device(const ClusterConfig& config,
                                                 const WorkerConfig& worker,
                                                 const kernels::Gpus& gpus);

/// "GPU 0 (NVIDIA H200)", "the CPU (avx512)".
[[nodiscard]] std::string describe(const DeviceChoice& choice, const kernels::Gpus& gpus,
                                   const WorkerConfig& worker);

}  // namespace unmask::cli
