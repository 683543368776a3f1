#pragma once

#include <functional>

#include "actors/gateway/gateway.h"
#include "actors/membership/member.h"
#include "actors/role/dispatch.h"
#include "actors/role/ends_the_process.h"
#include "runtime/actor/actor_system.h"

namespace unmask::actors {

/// The gateway's part of a cluster: clients on one side, the coordinator on the other.
class GatewayRole {
 public:
  struct Options {
    Gateway::Options gateway;
    Member::Options member;
  };
  struct Wiring {
    ActorRef<Outgoing> clients;
    ActorRef<Disconnect> disconnect_client;
    ActorRef<Outgoing> coordinator;
  };

  /// text outlives it. leave: the process must end, with this reason.
  GatewayRole(ActorSystem& system, Env env, Options options, TextService& text, Wiring wiring,
              Member::Leave leave);

  [[nodiscard]] Dispatch client_dispatch() const;
  [[nodiscard]] bool client_down(PeerId client) const;

  [[nodiscard]] Dispatch coordinator_dispatch();
  [[nodiscard]] bool coordinator_up(PeerId coordinator);
  [[nodiscard]] bool coordinator_down(PeerId coordinator);

  [[nodiscard]] bool is_connected() const { return is_connected_; }
  /// Whether jobs can be computed, as the coordinator of this connection says.
  [[nodiscard]] const ServiceState& service() const { return service_; }

  /// Refuses new jobs and calls `done` once the last one has ended.
  void drain(std::function<void()> done) const;

 private:
  [[nodiscard]] static ServiceState not_told();

  Supervisor& group_;
  ActorHandle<Gateway> gateway_;
  ActorHandle<Member> member_;
  bool is_connected_ = false;
  ServiceState service_ = not_told();
};

}  // namespace unmask::actors
