#include "actors/role/gateway_role.h"

#include <utility>

namespace unmask::actors {

GatewayRole::GatewayRole(ActorSystem& system, Env env, Options options, TextService& text,
                         Wiring wiring, Member::Leave leave)
    : group_(system.supervise(kEndsTheProcess)),
      gateway_(group_.spawn<Gateway>("gateway", env, std::move(options.gateway),
                                     std::ref<TextService>(text), wiring.clients,
                                     wiring.disconnect_client, wiring.coordinator)),
      member_(group_.spawn<Member>("member", env, std::move(options.member), wiring.coordinator,
                                   std::move(leave))) {
  (void)member_.lasting_ref<Loaded>().send({});  // nothing to load
}

Dispatch GatewayRole::client_dispatch() const {
  Dispatch dispatch;
  dispatch.add<Submit, Attach, Cancel, ListJobs, GetStatus>(gateway_);
  return dispatch;
}

bool GatewayRole::client_down(PeerId client) const {
  return gateway_.lasting_ref<PeerDown>().send({client});
}

Dispatch GatewayRole::coordinator_dispatch() {
  Dispatch dispatch;
  dispatch
      .add<Accepted, Queued, Committed, Frame, Traced, Finished, Rejected, JobList, ClusterStatus>(
          gateway_);
  dispatch.add<Welcome, JoinRejected, HeartbeatAck>(member_);
  dispatch.add<ServiceState>(ActorRef<Incoming<ServiceState>>([this](Incoming<ServiceState> told) {
    service_ = std::move(told.message);
    return true;
  }));
  return dispatch;
}

bool GatewayRole::coordinator_up(PeerId coordinator) {
  is_connected_ = true;
  return gateway_.lasting_ref<CoordinatorUp>().send({coordinator}) &&
         member_.lasting_ref<PeerUp>().send({coordinator});
}

bool GatewayRole::coordinator_down(PeerId coordinator) {
  is_connected_ = false;
  service_ = not_told();
  return gateway_.lasting_ref<CoordinatorDown>().send({coordinator}) &&
         member_.lasting_ref<PeerDown>().send({coordinator});
}

ServiceState GatewayRole::not_told() {
  return {false, "the coordinator has not said yet whether jobs can be computed"};
}

void GatewayRole::drain(std::function<void()> done) const {
  const ActorRef<Drained> drained([done = std::move(done)](Drained) {
    done();
    return true;
  });
  (void)gateway_.lasting_ref<Drain>().send(Drain{drained});
}

}  // namespace unmask::actors
