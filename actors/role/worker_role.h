#pragma once

#include "actors/membership/member.h"
#include "actors/role/dispatch.h"
#include "actors/role/ends_the_process.h"
#include "actors/worker/device.h"
#include "actors/worker/worker.h"
#include "runtime/actor/actor_system.h"

namespace unmask::actors {

/// A worker's part of a cluster: what makes a device a member of a group.
class WorkerRole {
 public:
  /// device outlives it. leave: the process must end, with this reason.
  WorkerRole(ActorSystem& system, Env env, Member::Options member, Device& device,
             ActorRef<Outgoing> coordinator, Member::Leave leave);

  /// Who hears how far loading is; from any thread.
  [[nodiscard]] ActorRef<LoadingProgress> progress() const {
    return member_.lasting_ref<LoadingProgress>();
  }
  /// Who hears that the device has its weights, upon which the worker joins; from any thread.
  [[nodiscard]] ActorRef<Loaded> loaded() const { return member_.lasting_ref<Loaded>(); }

  [[nodiscard]] Dispatch dispatch() const;
  [[nodiscard]] bool coordinator_up(PeerId coordinator) const;
  [[nodiscard]] bool coordinator_down(PeerId coordinator) const;

  /// Tells the coordinator that this worker is told to end.
  void depart(std::string reason) const;

  /// Its group has run a real collective.
  [[nodiscard]] bool is_ready() const { return is_ready_; }

 private:
  [[nodiscard]] ActorRef<Outgoing> watched(ActorRef<Outgoing> wire);

  bool is_ready_ = false;
  Supervisor& group_;
  ActorHandle<Worker> worker_;
  ActorHandle<Member> member_;
};

}  // namespace unmask::actors
