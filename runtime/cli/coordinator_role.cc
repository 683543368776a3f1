#include "runtime/cli/coordinator_role.h"

#include <algorithm>
#include <utility>

#include "runtime/cli/version.h"

namespace unmask::cli {
namespace {

Coordinator::Options coordinator_options(const ClusterConfig& config, const ServedModel& model) {
  Coordinator::Options options;
  options.model = model.jobs;
  options.model_name = model.name;
  options.version = std::string(kVersion);
  options.max_waiting = std::size_t(config.limits.max_waiting);
  options.max_running = std::size_t(config.limits.max_running);
  options.step_timeout = config.limits.step_timeout;
  return options;
}

Membership::Options membership_options(const ClusterConfig& config, const ServedModel& model,
                                       MemberStatus self) {
  Membership::Options options;
  options.num_replicas = config.cluster.replicas;
  options.group_size = config.cluster.workers;
  options.model_digest = model.checkpoint.digest();
  options.numerics = model.arithmetic();
  options.self = std::move(self);
  options.heartbeat_interval = config.cluster.heartbeat;
  options.dead_after = config.cluster.dead_after;
  options.form_timeout = config.limits.form_timeout;
  return options;
}

}  // namespace

CoordinatorRole::CoordinatorRole(ProcessHost& host, const ClusterConfig& config,
                                 const ServedModel& model, MemberStatus self, Wiring wiring) {
  // Neither makes sense without the other: what one forgets at a restart, the other must forget.
  Supervisor& group = host.system().supervise({.strategy = RestartStrategy::kOneForAll});
  const ActorRef<ReplicaBroken> replica_broken([this](ReplicaBroken broken) {
    return membership_->ref<ReplicaBroken>().send(std::move(broken));
  });
  coordinator_ = group.spawn<Coordinator>(
      "coordinator", host.env(), coordinator_options(config, model), std::ref<JobStore>(store_),
      Coordinator::Peers{wiring.wire, replica_broken, wiring.inspected, wiring.disconnect});

  const ActorRef<MembersChanged> members_changed(
      [this, told = coordinator_->lasting_ref<MembersChanged>()](MembersChanged changed) {
        members_ = changed;
        return told.send(std::move(changed));
      });
  membership_ = group.spawn<Membership>(
      "membership", host.env(), membership_options(config, model, std::move(self)),
      Membership::Peers{wiring.wire, wiring.disconnect, coordinator_->lasting_ref<ReplicaUp>(),
                        coordinator_->lasting_ref<ReplicaDown>(), members_changed});
}

Dispatch CoordinatorRole::dispatch() const {
  Dispatch dispatch;
  dispatch.add<Admit, Cancel, StopJob, ListJobs, GetStatus, StepResult, Inspected>(*coordinator_);
  dispatch.add<Join, Loading, Heartbeat, GroupAddress, GroupReady, GroupFailed>(*membership_);
  return dispatch;
}

bool CoordinatorRole::peer_down(PeerId peer) const {
  // Told twice if the first told and the second had no room: both take that.
  return coordinator_->lasting_ref<PeerDown>().send({peer}) &&
         membership_->lasting_ref<PeerDown>().send({peer});
}

void CoordinatorRole::inspect(Inspect request) const {
  (void)coordinator_->lasting_ref<Inspect>().send(std::move(request));
}

void CoordinatorRole::drain(std::function<void()> done) const {
  const ActorRef<Drained> drained([done = std::move(done)](Drained) {
    done();
    return true;
  });
  (void)coordinator_->lasting_ref<Drain>().send(Drain{drained});
}

bool CoordinatorRole::is_ready() const {
  bool has_workers = false;
  for (const MemberStatus& member : members_.members) {
    if (member.role != Role::kWorker) continue;
    if (member.state != "ready") return false;
    has_workers = true;
  }
  return has_workers;
}

}  // namespace unmask::cli
