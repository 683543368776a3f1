#include "actors/role/worker_role.h"

#include <utility>

namespace unmask::actors {

WorkerRole::WorkerRole(ActorSystem& system, Env env, Member::Options member, Device& device,
                       ActorRef<Outgoing> coordinator, Member::Leave leave)
    : group_(system.supervise(kEndsTheProcess)),
      worker_(group_.spawn<Worker>("worker", env, std::ref<Device>(device), watched(coordinator))),
      member_(group_.spawn<Member>("member", env, std::move(member), std::move(coordinator),
                                   std::move(leave))) {}

Dispatch WorkerRole::dispatch() const {
  Dispatch dispatch;
  dispatch.add<FormGroup, GroupAddresses, LeaveGroup, Step, EndBurst, Inspect, InspectMore>(
      worker_);
  dispatch.add<Welcome, JoinRejected, HeartbeatAck>(member_);
  return dispatch;
}

bool WorkerRole::coordinator_up(PeerId coordinator) const {
  return member_.lasting_ref<PeerUp>().send({coordinator});
}

bool WorkerRole::coordinator_down(PeerId coordinator) const {
  return member_.lasting_ref<PeerDown>().send({coordinator});
}

void WorkerRole::depart(std::string reason) const {
  (void)member_.lasting_ref<Depart>().send({std::move(reason)});
}

ActorRef<Outgoing> WorkerRole::watched(ActorRef<Outgoing> wire) {
  return ActorRef<Outgoing>([this, wire = std::move(wire)](Outgoing outgoing) {
    if (std::holds_alternative<GroupReady>(outgoing.message)) is_ready_ = true;
    if (std::holds_alternative<GroupAddress>(outgoing.message)) is_ready_ = false;
    if (std::holds_alternative<GroupFailed>(outgoing.message)) is_ready_ = false;
    return wire.send(std::move(outgoing));
  });
}

}  // namespace unmask::actors
