#include "runtime/cli/process/worker_device.h"

#include <utility>

namespace unmask::cli {

Result<OpenDevice> open_device(const ClusterConfig& config, const WorkerConfig& worker,
                               bool may_pin) {
  const kernels::Gpus gpus = kernels::find_gpus();
  const Result<DeviceChoice> choice = choose_device(config, worker, gpus);
  if (!choice) return choice.error();
  kernels::DeviceSpec spec = device_spec(config, worker, *choice);
  spec.pin_threads = spec.pin_threads && may_pin;
  auto backend = kernels::make_backend(spec);
  if (!backend) return backend.error();
  return OpenDevice{std::move(*backend), *choice, describe(*choice, gpus, worker)};
}

Result<WorkerDevice> open_worker_device(const ServedModel& model, const ClusterConfig& config,
                                        const WorkerConfig& worker) {
  Result<OpenDevice> device = open_device(config, worker, true);
  if (!device) return device.error();
  Result<network::EngineOptions> engine =
      engine_options(model, config, worker, device->choice, device->backend->memory());
  if (!engine) return engine.error();
  return WorkerDevice{std::move(*device), std::move(*engine)};
}

}  // namespace unmask::cli
