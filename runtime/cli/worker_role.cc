#include "runtime/cli/worker_role.h"

#include <utility>

namespace unmask::cli {
namespace {

kernels::CpuBackend::Options backend_options(const ClusterConfig& config,
                                             const WorkerConfig& worker) {
  kernels::CpuBackend::Options options;
  options.threads.num_threads = num_threads(config, worker);
  // Two processes that pin to the same cores would wait for each other.
  options.threads.pin = config.cluster.replicas * config.cluster.workers == 1;
  return options;
}

Capacity capacity_of(const Engine& engine, const EngineOptions& options) {
  const MemoryPlan& memory = engine.memory();
  Capacity capacity;
  capacity.num_kv_pages = memory.num_kv_pages;
  capacity.page_size = kPagePositions;
  capacity.max_rows_per_step = options.max_rows;
  capacity.max_positions = memory.max_positions;
  capacity.weight_bytes = std::int64_t(memory.weight_bytes);
  capacity.kv_bytes = std::int64_t(memory.kv_bytes);
  return capacity;
}

}  // namespace

WorkerRole::WorkerRole(ProcessHost& host, const ClusterConfig& config, const WorkerConfig& worker,
                       const MemberStatus& self, const ServedModel& model,
                       CollectiveFactory& factory, ActorRef<Outgoing> coordinator,
                       Member::Leave leave)
    : host_(host),
      model_(model),
      options_(engine_options(model, config, worker)),
      backend_(backend_options(config, worker)),
      leave_(std::move(leave)),
      device_(host.env(), factory, config.limits.form_timeout) {
  worker_ = host.system().spawn<Worker>("worker", host.env(), std::ref<Device>(device_),
                                        watched(coordinator));
  Member::Options member;
  member.replica = worker.replica;
  member.rank = worker.rank;
  member.incarnation = host.incarnation();
  member.pid = self.pid;
  member.host = self.host;
  member.http = self.http;
  member.self_fence = config.cluster.self_fence;
  member_ = host.system().spawn<Member>("member", host.env(), member, coordinator, leave_);
}

void WorkerRole::load() {
  const ActorRef<LoadingProgress> progress = member_->lasting_ref<LoadingProgress>();
  options_.on_progress = [progress](std::uint64_t done, std::uint64_t total) {
    (void)progress.send({"loading weights", std::int64_t(done), std::int64_t(total)});
  };
  options_.now = [this] { return host_.env().clock.now(); };
  const auto loaded = [this,
                       joined = member_->lasting_ref<Loaded>()](Result<const Engine*> engine) {
    if (engine) {
      (void)joined.send(
          {model_.checkpoint.digest(), model_.arithmetic(), capacity_of(**engine, options_)});
      return;
    }
    host_.loop().post([this, error = engine.error()] { leave_(error); });
  };
  device_.load([this] { return Engine::create(model_.checkpoint, backend_, options_); }, loaded);
}

Dispatch WorkerRole::dispatch() const {
  Dispatch dispatch;
  dispatch.add<FormGroup, GroupAddresses, LeaveGroup, Step, Inspect, InspectMore>(*worker_);
  dispatch.add<Welcome, Refused, HeartbeatAck>(*member_);
  return dispatch;
}

bool WorkerRole::coordinator_up(PeerId coordinator) const {
  return member_->lasting_ref<PeerUp>().send({coordinator});
}

bool WorkerRole::coordinator_down(PeerId coordinator) const {
  return member_->lasting_ref<PeerDown>().send({coordinator});
}

ActorRef<Outgoing> WorkerRole::watched(ActorRef<Outgoing> wire) {
  return ActorRef<Outgoing>([this, wire = std::move(wire)](Outgoing outgoing) {
    if (std::holds_alternative<GroupReady>(outgoing.message)) is_ready_ = true;
    if (std::holds_alternative<GroupAddress>(outgoing.message)) is_ready_ = false;
    if (std::holds_alternative<GroupFailed>(outgoing.message)) is_ready_ = false;
    return wire.send(std::move(outgoing));
  });
}

}  // namespace unmask::cli
