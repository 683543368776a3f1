#pragma once

#include <functional>
#include <optional>

#include "actors/coordinator/coordinator.h"
#include "actors/coordinator/inspector.h"
#include "actors/coordinator/store/memory_job_store.h"
#include "actors/membership/membership.h"
#include "actors/role/dispatch.h"
#include "runtime/actor/actor_system.h"

namespace unmask::actors {

/// The coordinator's part of a cluster: who belongs to it, its jobs and their diffusion loops.
///
/// Whoever makes it carries messages: over a socket (Wire), within the process (LocalCluster) or
/// through a simulated network.
class CoordinatorRole {
 public:
  struct Options {
    Coordinator::Options coordinator;
    Membership::Options membership;
  };
  struct Wiring {
    ActorRef<Outgoing> wire;
    ActorRef<Disconnect> disconnect;
    ActorRef<Inspected> inspected;  ///< answers to inspect()
    /// The actors failed and began anew: whoever is connected has to come again.
    std::function<void()> disconnect_all;
  };

  CoordinatorRole(ActorSystem& system, Env env, Options options, Wiring wiring);

  /// Who takes what comes from gateways and workers.
  [[nodiscard]] Dispatch dispatch() const;
  [[nodiscard]] bool peer_down(PeerId peer) const;

  /// A forward for tools; its rows come to Wiring::inspected.
  void inspect(Inspect request) const;

  /// Refuses new jobs and calls `done` once the last one has ended.
  void drain(std::function<void()> done) const;

  /// Whether jobs can be computed; gateways know the same.
  [[nodiscard]] const ServiceState& service() const { return members_.service; }

 private:
  template <typename News>
  [[nodiscard]] ActorRef<News> both() const;

  MemoryJobStore store_;
  MembersChanged members_;
  std::optional<ActorHandle<Coordinator>> coordinator_;
  std::optional<ActorHandle<Membership>> membership_;
  std::optional<ActorHandle<Inspector>> inspector_;
};

}  // namespace unmask::actors
