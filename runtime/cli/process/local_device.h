#pragma once

#include <functional>
#include <memory>

#include "actors/role/worker_role.h"
#include "actors/worker/device_thread.h"
#include "kernels/backend.h"
#include "model/network/engine_options.h"
#include "runtime/cli/process/process_host.h"
#include "runtime/cli/process/served_model.h"

namespace unmask::cli {

/// The device of a worker of this process: its share of the weights, on its threads.
class LocalDevice {
 public:
  /// All references outlive it. options: as of engine_options().
  LocalDevice(ProcessHost& host, const ClusterConfig& config, const ServedModel& model,
              std::unique_ptr<kernels::Backend> backend, network::EngineOptions options,
              CollectiveFactory& factory);

  [[nodiscard]] actors::Device& device() { return device_; }

  /// Loads the weights for `role`, which joins with them; if that fails `failed` hears why, on the
  /// control thread.
  void load(const actors::WorkerRole& role, std::function<void(Error)> failed);

  /// For whoever is about to return from the process with `code`: a forward of a long canvas, or
  /// weights that load, may take minutes. If the device is still at work it ends the process here,
  /// whose memory and sockets the kernel takes back.
  void exit_if_busy(int code);

 private:
  ProcessHost& host_;
  const ServedModel& model_;
  const std::unique_ptr<kernels::Backend> backend_;
  network::EngineOptions options_;
  actors::DeviceThread device_;
};

}  // namespace unmask::cli
