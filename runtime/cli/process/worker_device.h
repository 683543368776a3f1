#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"
#include "model/network/engine_options.h"
#include "runtime/cli/process/device_choice.h"
#include "runtime/cli/process/served_model.h"

namespace unmask::cli {

/// Where a worker of this process computes.
struct OpenDevice {
  std::unique_ptr<kernels::Backend> backend;
  DeviceChoice choice;
  std::string name;  ///< "GPU 0 (NVIDIA H200)"
};

/// may_pin: the threads of a CPU may have cores of their own
/// Errors  those of choose_device() and make_backend()
[[nodiscard]] Result<OpenDevice> open_device(const ClusterConfig& config,
                                             const WorkerConfig& worker, bool may_pin);

/// The same, and what the worker will hold there.
struct WorkerDevice {
  OpenDevice device;
  network::EngineOptions engine;
};

/// Errors  those of open_device() and engine_options()
[[nodiscard]] Result<WorkerDevice> open_worker_device(const ServedModel& model,
                                                      const ClusterConfig& config,
                                                      const WorkerConfig& worker);

}  // namespace unmask::cli
