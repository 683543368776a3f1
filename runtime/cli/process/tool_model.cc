#include "runtime/cli/process/tool_model.h"

#include <algorithm>
#include <utility>

#include "kernels/make_backend.h"
#include "kernels/shares.h"
#include "runtime/cli/process/local_config.h"
#include "runtime/cli/process/remote_tool_model.h"
#include "runtime/cli/process/worker_device.h"
#include "runtime/cli/text/progress.h"

namespace unmask::cli {
namespace {

/// An engine of this process: no sockets, no actors.
class LocalToolModel final : public ToolModel {
 public:
  static Result<std::unique_ptr<ToolModel>> load(const ClusterConfig& config,
                                                 const ServedModel& model,
                                                 network::EngineOptions options) {
    constexpr bool kMayPin = false;  // scripts run several tools at a time
    Result<OpenDevice> device = open_device(config, config.worker(0, 0), kMayPin);
    if (!device) return device.error();
    options.device = device->choice.kind;
    options.kv_dtype = network::kv_dtype_of(options.device, options.dtype);
    options.can_record = config.compute.graphs;
    auto engine = network::Engine::create(model.checkpoint, *device->backend, options);
    if (!engine) return engine.error();
    return std::unique_ptr<ToolModel>(
        std::make_unique<LocalToolModel>(std::move(device->backend), std::move(*engine)));
  }

  LocalToolModel(std::unique_ptr<kernels::Backend> backend, std::unique_ptr<network::Engine> engine)
      : backend_(std::move(backend)), engine_(std::move(engine)) {}

  Result<> forward(std::span<const std::int32_t> tokens, std::int32_t causal_block_length,
                   bool wants_hidden,
                   const std::function<void(network::TensorRows)>& sink) override {
    return engine_->inspect(tokens, causal_block_length, wants_hidden, sink);
  }

  Result<diffusion::Trace> trace(const diffusion::TraceJob& job,
                                 const std::function<void(std::int32_t)>& on_forward) override {
    std::int32_t num_forwards = 0;
    return diffusion::run_trace(job, 1, [&](const Step& step) {
      on_forward(++num_forwards);
      return engine_->run(step);
    });
  }

 private:
  const std::unique_ptr<kernels::Backend> backend_;
  const std::unique_ptr<network::Engine> engine_;
};

}  // namespace

void ToolFlags::add_to(Command command) {
  command.add({.name = "--model",
               .help = "Folder of the checkpoint; the one of unmask if left out",
               .type = "DIR"},
              model);
  command.add({.name = "--dtype",
               .help = "Of the weights: f32 (as the references compute) or bf16",
               .type = "NAME",
               .one_of = {"f32", "bf16"}},
              dtype);
  command.add({.name = "--instructions",
               .help = "Of the CPU: auto (the best it has), portable, avx2 or avx512",
               .type = "SET"},
              instructions);
  command.add({.name = "--device",
               .help = "Where to compute: auto (a GPU, if there is one), cpu, cuda or cuda:N",
               .type = "DEVICE"},
              device);
  command.add({.name = "--workers",
               .help = "Worker processes that share the model: the same bytes",
               .type = "N"},
              workers);
}

Result<ClusterConfig> ToolFlags::config() const {
  return load_local_config({{"model.dir", model, "--model"},
                            {"model.dtype", dtype, "--dtype"},
                            {"compute.instructions", instructions, "--instructions"},
                            {"compute.device", device, "--device"}});
}

Result<ServedModel> ToolFlags::open(const ClusterConfig& config) {
  Result<ServedModel> served = open_served_model(config.model);
  if (served) warn(*served);
  // The references know no tokenizer: every id of the vocabulary may be chosen.
  if (served) served->jobs.vocabulary.choosable_end = INT32_MAX;
  return served;
}

Result<> ToolFlags::check(const ServedModel& served, std::int64_t num_positions,
                          std::int64_t num_rows) const {
  if (workers < 1 || kernels::kNumShares % workers != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "--workers can be 1, 2, 4 or 8, not " + std::to_string(workers)};
  }
  const auto refused = [&](std::int64_t count, const std::string& who, int most) {
    return Error{ErrorCode::kInvalidArgument, "there are " + std::to_string(count) + who +
                                                  " takes 1 to " + std::to_string(most)};
  };
  const int max_positions = served.checkpoint.config().max_positions;
  if (num_positions < 1 || num_positions > max_positions) {
    return refused(num_positions, " tokens; model '" + served.name + "'", max_positions);
  }
  const int max_rows = network::EngineOptions{}.max_rows;  // of a worker process
  if (workers > 1 && num_rows > max_rows) {
    return refused(num_rows, " rows in a forward; a step of --workers " + std::to_string(workers),
                   max_rows);
  }
  return {};
}

Result<std::unique_ptr<ToolModel>> ToolFlags::load(const ClusterConfig& config,
                                                   const ServedModel& served,
                                                   const diffusion::MaxUse& use) const {
  if (workers > 1) return load_remote_tool_model(config.compute, served, workers);
  Progress progress("loading weights");
  network::EngineOptions options;
  options.dtype = served.dtype;
  options.max_rows = use.num_computed;
  options.num_kv_pages = std::max(cache::pages_needed(use.num_cached), 1);
  options.num_soft_rows = use.num_soft;
  options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    progress.update(done, total);
  };
  return LocalToolModel::load(config, served, options);
}

}  // namespace unmask::cli
