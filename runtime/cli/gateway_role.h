#pragma once

#include <optional>

#include "actors/gateway.h"
#include "actors/member.h"
#include "runtime/cli/dispatch.h"
#include "runtime/cli/process_host.h"

namespace unmask::cli {

/// The gateway's part of a cluster: clients on one side, the coordinator on the other.
class GatewayRole {
 public:
  struct Wiring {
    ActorRef<Outgoing> clients;
    ActorRef<Disconnect> disconnect_client;
    ActorRef<Outgoing> coordinator;
  };

  /// model: the name clients may ask for. self: who it is; host, http and pid are used.
  GatewayRole(ProcessHost& host, const ClusterConfig& config, const std::string& model,
              const MemberStatus& self, TextService& text, Wiring wiring, Member::Leave leave);

  [[nodiscard]] Dispatch client_dispatch() const;
  [[nodiscard]] bool client_down(PeerId client) const;

  [[nodiscard]] Dispatch coordinator_dispatch() const;
  [[nodiscard]] bool coordinator_up(PeerId coordinator);
  [[nodiscard]] bool coordinator_down(PeerId coordinator);

  /// The coordinator can be reached.
  [[nodiscard]] bool is_ready() const { return is_connected_; }

  /// Refuses new jobs and calls `done` once the last one has ended.
  void drain(std::function<void()> done) const;

 private:
  std::optional<ActorHandle<Gateway>> gateway_;
  std::optional<ActorHandle<Member>> member_;
  bool is_connected_ = false;
};

}  // namespace unmask::cli
