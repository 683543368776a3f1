#include "actors/role/coordinator_role.h"

#include <utility>

namespace unmask::actors {

CoordinatorRole::CoordinatorRole(ActorSystem& system, Env env, Options options, Wiring wiring) {
  // Neither makes sense without the other: what one forgets at a restart, the other must forget.
  Supervisor& group = system.supervise({.strategy = RestartStrategy::kOneForAll});
  const ActorRef<ReplicaBroken> replica_broken([this](ReplicaBroken broken) {
    return membership_->ref<ReplicaBroken>().send(std::move(broken));
  });
  coordinator_ = group.spawn<Coordinator>(
      "coordinator", env, std::move(options.coordinator), std::ref<JobStore>(store_),
      Coordinator::Peers{wiring.wire, replica_broken, wiring.disconnect});
  inspector_ = group.spawn<Inspector>("inspector", Inspector::Peers{wiring.wire, wiring.inspected});

  const ActorRef<MembersChanged> members_changed(
      [this, publish = coordinator_->lasting_ref<MembersChanged>()](MembersChanged changed) {
        members_ = changed;
        return publish.send(std::move(changed));
      });
  const auto begin_anew = [num_lives = std::make_shared<int>(0), cut = wiring.disconnect_all] {
    if ((*num_lives)++ > 0 && cut) cut();
  };
  membership_ =
      group.spawn<Membership>("membership", env, std::move(options.membership),
                              Membership::Peers{wiring.wire, wiring.disconnect, both<ReplicaUp>(),
                                                both<ReplicaDown>(), members_changed, begin_anew});
}

/// To the inspector, which may get it twice, and then to the coordinator, which must not: what is
/// sent again, because the coordinator had no room, reaches it once.
template <typename News>
ActorRef<News> CoordinatorRole::both() const {
  return ActorRef<News>([inspector = inspector_->lasting_ref<News>(),
                         coordinator = coordinator_->lasting_ref<News>()](News news) {
    return inspector.send(news) && coordinator.send(std::move(news));
  });
}

Dispatch CoordinatorRole::dispatch() const {
  Dispatch dispatch;
  dispatch.add<Admit, Cancel, StopJob, ListJobs, GetStatus, StepResult>(*coordinator_);
  dispatch.add<Inspected>(*inspector_);
  dispatch.add<Join, Loading, Heartbeat, GroupAddress, GroupReady, GroupFailed, Leaving>(
      *membership_);
  return dispatch;
}

bool CoordinatorRole::peer_down(PeerId peer) const {
  // It is sent to both again if the second had no room: both may get it twice.
  return coordinator_->lasting_ref<PeerDown>().send({peer}) &&
         membership_->lasting_ref<PeerDown>().send({peer});
}

void CoordinatorRole::inspect(Inspect request) const {
  (void)inspector_->lasting_ref<Inspect>().send(std::move(request));
}

void CoordinatorRole::drain(std::function<void()> done) const {
  const ActorRef<Drained> drained([done = std::move(done)](Drained) {
    done();
    return true;
  });
  (void)membership_->lasting_ref<ServiceEnds>().send({});
  (void)coordinator_->lasting_ref<Drain>().send(Drain{drained});
}

}  // namespace unmask::actors
