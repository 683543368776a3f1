#include "runtime/cli/process/local_device.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "runtime/cli/command.h"
#include "runtime/cli/process/worker_info.h"

namespace unmask::cli {
namespace {

using actors::DeviceThread;

actors::Capacity capacity_of(const network::Engine& engine, const network::EngineOptions& options) {
  const network::MemoryPlan& memory = engine.memory();
  actors::Capacity capacity;
  capacity.num_kv_pages = memory.num_kv_pages;
  capacity.page_size = cache::kPagePositions;
  capacity.max_rows_per_step = options.max_rows;
  capacity.max_positions = memory.max_positions;
  capacity.weight_bytes = std::int64_t(memory.weight_bytes);
  capacity.kv_bytes = std::int64_t(memory.kv_bytes);
  capacity.num_soft_rows = memory.num_soft_rows;
  return capacity;
}

DeviceThread::Lost exit_at_once(Log& log) {
  return [&log](const kernels::DeviceError& error) {
    log.error("the device is lost, and this process with it", {{"why", error.what()}});
    std::fflush(nullptr);
    // Whatever a regular end does on its way may wait for the device.
    std::_Exit(exit_code_of(error));
  };
}

Result<std::unique_ptr<network::Engine>> create_engine(const checkpoint::Checkpoint& checkpoint,
                                                       kernels::Backend& backend,
                                                       const network::EngineOptions& options) {
  try {
    return network::Engine::create(checkpoint, backend, options);
  } catch (const kernels::DeviceError& error) {
    if (error.fault() != kernels::DeviceFault::kMemory) throw;
    return invalid(std::string(error.what()) +
                   ": end what else uses this GPU, give less --kv-memory, or have more --workers");
  }
}

}  // namespace

void LocalDevice::exit_if_busy(int code) {
  constexpr std::chrono::milliseconds kPatience{200};
  if (device_.stop_within(kPatience)) return;
  std::fflush(nullptr);
  std::_Exit(code);
}

LocalDevice::LocalDevice(ProcessHost& host, const ClusterConfig& config, const ServedModel& model,
                         std::unique_ptr<kernels::Backend> backend, network::EngineOptions options,
                         CollectiveFactory& factory)
    : host_(host),
      model_(model),
      backend_(std::move(backend)),
      options_(std::move(options)),
      device_(host.env(), factory, config.limits.form_timeout, exit_at_once(host.log())) {}

void LocalDevice::load(const actors::WorkerRole& role, std::function<void(Error)> failed) {
  options_.on_progress = [progress = role.progress()](std::uint64_t done, std::uint64_t total) {
    (void)progress.send({"loading weights", std::int64_t(done), std::int64_t(total)});
  };
  options_.on_note = [this](const std::string& note) {
    host_.loop().post([this, note] { host_.log().warning(note, {}); });
  };
  if (!options_.on_choice) {
    options_.on_choice = [this](const std::string& choice) {
      host_.loop().post([this, choice] { host_.log().info(choice, {}); });
    };
  }
  options_.now = [this] { return host_.env().clock.now(); };
  const auto loaded = [this, joined = role.loaded(),
                       failed = std::move(failed)](Result<const network::Engine*> engine) {
    if (engine) {
      (void)joined.send({model_.checkpoint.digest(), model_.arithmetic(),
                         worker_class(backend_->numeric_class(), options_.kv_dtype),
                         capacity_of(**engine, options_)});
      return;
    }
    host_.loop().post([failed, error = engine.error()] { failed(error); });
  };
  device_.load([this] { return create_engine(model_.checkpoint, *backend_, options_); }, loaded);
}

}  // namespace unmask::cli
