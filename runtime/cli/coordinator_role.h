#pragma once

#include <optional>

#include "actors/coordinator.h"
#include "actors/membership.h"
#include "actors/memory_job_store.h"
#include "runtime/cli/dispatch.h"
#include "runtime/cli/process_host.h"
#include "runtime/cli/served_model.h"

namespace unmask::cli {

/// The coordinator's part of a cluster: who belongs to it, its jobs and their diffusion loops.
///
/// Whoever makes it carries messages: over a socket (Wire) or within the process (LocalCluster).
class CoordinatorRole {
 public:
  struct Wiring {
    ActorRef<Outgoing> wire;
    ActorRef<Disconnect> disconnect;
    ActorRef<Inspected> inspected;  ///< answers to inspect()
  };

  /// self: its own line in `unmask status`.
  CoordinatorRole(ProcessHost& host, const ClusterConfig& config, const ServedModel& model,
                  MemberStatus self, Wiring wiring);

  /// Who takes what comes from gateways and workers.
  [[nodiscard]] Dispatch dispatch() const;
  [[nodiscard]] bool peer_down(PeerId peer) const;

  /// A forward for tools; its rows come to Wiring::inspected.
  void inspect(Inspect request) const;

  /// Refuses new jobs and calls `done` once the last one has ended.
  void drain(std::function<void()> done) const;

  /// Every replica can run steps.
  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] const std::vector<MemberStatus>& members() const { return members_.members; }

 private:
  MemoryJobStore store_;
  MembersChanged members_;
  std::optional<ActorHandle<Coordinator>> coordinator_;
  std::optional<ActorHandle<Membership>> membership_;
};

}  // namespace unmask::cli
