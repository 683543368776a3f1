/// The one place that chooses a device. Nobody else knows which kinds there are.

#pragma once

#include <memory>
#include <optional>

#include "kernels/backend.h"
#include "kernels/device_kind.h"
#include "kernels/fast_products.h"
#include "kernels/instruction_set.h"
#include "runtime/base/result.h"

namespace unmask::kernels {

/// Which device, and how much of it.
struct DeviceSpec {
  DeviceKind kind = DeviceKind::kCpu;
  int index = 0;             ///< kCuda: among the GPUs that CUDA sees
  int num_threads = 0;       ///< kCpu: including the caller; 0: one per available core
  bool pin_threads = false;  ///< kCpu: each thread but the caller to a core of its own
  std::optional<InstructionSet> instructions = {};  ///< kCpu; none: the best of this machine
  std::optional<FastProducts> fast_products = {};   ///< kCuda; none: own kernels compute everything
};

/// Errors  kInvalidArgument for a device or an instruction set that this machine does not have;
///         kUnavailable without a GPU, if it fails, or in a program built without CUDA
/// Throws  DeviceError for a fault of the hardware
[[nodiscard]] Result<std::unique_ptr<Backend>> make_backend(const DeviceSpec& spec = {});

}  // namespace unmask::kernels
