#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/device_kind.h"
#include "model/network/memory_plan.h"
#include "runtime/base/result.h"
#include "runtime/cli/process/served_model.h"

namespace unmask::cli {

/// Where workers could compute.
struct DeviceRoom {
  kernels::DeviceKind kind = kernels::DeviceKind::kCpu;
  int num_devices = 1;           ///< of this machine; a CPU is shared by all workers
  kernels::MemoryInfo memory{};  ///< of one of them
};

/// What so many workers of one replica take of their devices.
struct ModelFit {
  kernels::DeviceKind kind = kernels::DeviceKind::kCpu;
  int num_workers = 1;
  /// Of the worker that takes most: with the KV cache that it would have here, or none if the
  /// model does not fit.
  network::MemoryPlan plan{};
  std::uint64_t canvas_bytes = 0;  ///< of its K/V of the longest canvas
  std::string problem{};           ///< why it does not fit this machine; empty: it does
};

/// Errors  those of options that no memory would mend: kInvalidArgument
[[nodiscard]] Result<ModelFit> fit_model(const ServedModel& model, const ClusterConfig& config,
                                         int num_workers, const DeviceRoom& room);

/// How many canvases of which length the KV cache of `plan` holds: "64 of 512, 256 of 128".
[[nodiscard]] std::string canvases_text(const network::MemoryPlan& plan);

/// A line each, under a heading.
[[nodiscard]] std::string to_text(const std::vector<ModelFit>& fits);

}  // namespace unmask::cli
