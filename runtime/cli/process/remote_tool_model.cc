#include "runtime/cli/process/remote_tool_model.h"

#include <utility>
#include <vector>

#include "model/diffusion/job_params.h"
#include "rpc/client/job_id.h"
#include "runtime/cli/process/launcher.h"
#include "runtime/cli/process/role_options.h"
#include "runtime/cli/process/wire.h"

namespace unmask::cli {
namespace {

constexpr PeerId kSelf = UINT64_MAX;  // never a transport's

ClusterConfig config_of(const ClusterConfig::Compute& compute, const ServedModel& model,
                        int num_workers) {
  ClusterConfig config;
  config.compute = compute;
  config.cluster.workers = num_workers;
  config.model.dir = model.checkpoint.dir().string();
  config.model.dtype = model.dtype == kernels::DType::kBF16 ? "bf16" : "f32";
  config.coordinator.address.port = 0;
  config.log.level = "error";
  return config;
}

class RemoteToolModel final : public ToolModel {
 public:
  RemoteToolModel(const ClusterConfig::Compute& compute, const ServedModel& model, int num_workers)
      : config_(config_of(compute, model, num_workers)),
        host_(config_.log, ""),
        wire_(host_),
        role_(host_.system(), host_.env(),
              coordinator_options(config_, model, {{actors::Role::kCoordinator, 0, 0}, 0, "", ""}),
              {outgoing(), wire_.disconnect(),
               ActorRef<actors::Inspected>([this](actors::Inspected rows) {
                 take_rows(std::move(rows));
                 return true;
               }),
               [this] {
                 fail({ErrorCode::kInternal, "the coordinator failed"});
               }}) {
    wire_.receive(role_.dispatch());
    wire_.on_peer({}, [this](PeerId peer) { return role_.peer_down(peer); });
  }

  Result<> start() {
    const Result<> listening = wire_.listen({}, config_.coordinator.address);
    if (!listening) return listening;
    const std::vector<std::string> arguments{
        "--set", "coordinator.address=" + wire_.address().to_string(),
        "--set", "cluster.workers=" + std::to_string(config_.cluster.workers),
        "--set", "model.dir=" + config_.model.dir,
        "--set", "model.dtype=" + config_.model.dtype,
        "--set", "model.numerics=" + config_.model.numerics,
        "--set", "compute.instructions=" + config_.compute.instructions,
        "--set", "compute.device=" + config_.compute.device,
        "--set", "security.curve=false",
        "--set", "log.level=" + config_.log.level};
    for (std::int32_t rank = 0; rank < config_.cluster.workers; ++rank) {
      const actors::Slot slot{actors::Role::kWorker, 0, rank};
      Process::Options options;
      options.command = node_command(slot, config_, arguments);
      const auto last_error = std::make_shared<std::string>();
      options.on_line = [last_error](const std::string& line) {
        if (std::string error = error_in(line); !error.empty()) *last_error = std::move(error);
      };
      options.on_exit = [this, last_error, name = slot_name(config_, slot)](ExitStatus status) {
        const std::string why = last_error->empty() ? "" : ": " + *last_error;
        fail({ErrorCode::kUnavailable, name + " " + status.describe() + why});
      };
      Result<std::unique_ptr<Process>> worker = Process::start(host_.loop(), std::move(options));
      if (!worker) return worker.error();
      workers_.push_back(std::move(*worker));
    }
    return wait([this] { return role_.service().is_ready; });
  }

  Result<> forward(std::span<const std::int32_t> tokens, std::int32_t causal_block_length,
                   bool wants_hidden,
                   const std::function<void(network::TensorRows)>& sink) override {
    sink_ = &sink;
    has_ended_ = false;
    actors::Inspect request;
    request.tokens.assign(tokens.begin(), tokens.end());
    request.causal_block_length = causal_block_length;
    request.wants_hidden = wants_hidden;
    role_.inspect(std::move(request));
    return wait([this] { return has_ended_; });
  }

  Result<diffusion::Trace> trace(const diffusion::TraceJob& job,
                                 const std::function<void(std::int32_t)>& on_forward) override {
    job_ = &job;
    on_forward_ = &on_forward;
    trace_ = {};
    has_ended_ = false;
    actors::Admit admit;
    admit.job = rpc::random_job_id();
    admit.input.tokens = job.prompt;
    admit.parameters = diffusion::named_values(job.params);
    admit.subscription = {false, false, true};
    UNMASK_CHECK(role_.dispatch().deliver(kSelf, std::move(admit)) ==
                 actors::Dispatch::Outcome::kTaken);
    const Result<> ended = wait([this] { return has_ended_; });
    if (!ended) return ended.error();
    return std::move(trace_);
  }

 private:
  /// What the coordinator sends goes to workers, or is for this process.
  ActorRef<actors::Outgoing> outgoing() {
    return ActorRef<actors::Outgoing>([this, wire = wire_.outgoing()](actors::Outgoing outgoing) {
      if (outgoing.to != kSelf) return wire.send(std::move(outgoing));
      if (auto* traced = std::get_if<actors::Traced>(&outgoing.message)) take(*traced);
      if (auto* finished = std::get_if<actors::Finished>(&outgoing.message)) take(*finished);
      if (auto* rejected = std::get_if<actors::Rejected>(&outgoing.message)) fail(rejected->error);
      return true;
    });
  }

  void take_rows(actors::Inspected rows) {
    if (rows.error) return fail(std::move(*rows.error));
    if (!rows.is_last) {
      (*sink_)(std::move(rows.rows));
    }
    has_ended_ = has_ended_ || rows.is_last;
  }

  void take(const actors::Traced& traced) {
    std::vector<diffusion::Edit> edits;
    for (const actors::Traced::Edit& edit : traced.edits)
      edits.push_back({edit.position, edit.token});
    trace_.iterations.push_back(diffusion::trace_iteration(
        traced.block, traced.step, traced.candidates, edits, traced.eos_fill, job_->params));
    (*on_forward_)(std::int32_t(trace_.iterations.size()));
  }

  void take(actors::Finished& finished) {
    if (finished.error) return fail(std::move(*finished.error));
    trace_.final_tokens = diffusion::final_tokens(*job_, finished.canvas);
    trace_.canvas = std::move(finished.canvas);
    trace_.forwards = finished.figures.forwards;
    has_ended_ = true;
  }

  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }

  Result<> wait(const std::function<bool()>& is_done) {
    const bool is_over = !host_.run_until([&] { return error_ || is_done(); });
    if (is_over) return Error{ErrorCode::kCancelled, "interrupted"};
    if (error_) return *error_;
    return {};
  }

  const ClusterConfig config_;
  ProcessHost host_;
  Wire wire_;
  actors::CoordinatorRole role_;
  std::vector<std::unique_ptr<Process>> workers_;
  std::optional<Error> error_;
  bool has_ended_ = false;

  const std::function<void(network::TensorRows)>* sink_ = nullptr;
  const diffusion::TraceJob* job_ = nullptr;
  const std::function<void(std::int32_t)>* on_forward_ = nullptr;
  diffusion::Trace trace_;
};

}  // namespace

Result<std::unique_ptr<ToolModel>> load_remote_tool_model(const ClusterConfig::Compute& compute,
                                                          const ServedModel& model,
                                                          int num_workers) {
  auto remote = std::make_unique<RemoteToolModel>(compute, model, num_workers);
  const Result<> started = remote->start();
  if (!started) return started.error();
  return remote;
}

}  // namespace unmask::cli
