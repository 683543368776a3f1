#pragma once

#include <optional>

#include "actors/device_thread.h"
#include "actors/member.h"
#include "actors/worker.h"
#include "kernels/cpu/cpu_backend.h"
#include "runtime/cli/dispatch.h"
#include "runtime/cli/process_host.h"
#include "runtime/cli/served_model.h"

namespace unmask::cli {

/// A worker's part of a cluster: a device with its share of the weights, and its membership.
class WorkerRole {
 public:
  /// model and factory outlive it. leave: the process must end, with this reason.
  WorkerRole(ProcessHost& host, const ClusterConfig& config, const WorkerConfig& worker,
             const MemberStatus& self, const ServedModel& model, CollectiveFactory& factory,
             ActorRef<Outgoing> coordinator, Member::Leave leave);

  /// Loads the weights and joins; the end of a load that fails is `leave`.
  void load();

  [[nodiscard]] Dispatch dispatch() const;
  [[nodiscard]] bool coordinator_up(PeerId coordinator) const;
  [[nodiscard]] bool coordinator_down(PeerId coordinator) const;

  /// Its group has run a real collective.
  [[nodiscard]] bool is_ready() const { return is_ready_; }

 private:
  [[nodiscard]] ActorRef<Outgoing> watched(ActorRef<Outgoing> wire);

  ProcessHost& host_;
  const ServedModel& model_;
  EngineOptions options_;
  kernels::CpuBackend backend_;
  bool is_ready_ = false;
  Member::Leave leave_;
  DeviceThread device_;
  std::optional<ActorHandle<Worker>> worker_;
  std::optional<ActorHandle<Member>> member_;
};

}  // namespace unmask::cli
