#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "actors/membership/failure_detector.h"
#include "actors/membership/worker_groups.h"
#include "actors/messages.h"
#include "runtime/actor/actor.h"
#include "runtime/actor/env.h"

namespace unmask::actors {

struct MembershipTick {};

/// The coordinator takes no new jobs from now on.
struct ServiceEnds {};

/// Decides who belongs to the cluster, forms the workers of each replica into groups and is the
/// only judge of who is dead.
///
/// Receives   Join, Loading, Heartbeat, GroupAddress, GroupReady, GroupFailed, Leaving from
///            processes; PeerDown; ReplicaBroken from the coordinator; ServiceEnds; its own Tick
/// Sends      Welcome, JoinRejected, HeartbeatAck, FormGroup, GroupAddresses, LeaveGroup,
///            Disconnect; ServiceState to gateways, when they join and when it changes;
///            ReplicaUp, ReplicaDown, MembersChanged to the coordinator, again if it had no room
/// Invariant  an epoch belongs to one group and is never used again; between ReplicaUp and
///            ReplicaDown of an epoch the group's slots do not change
class Membership final
    : public Actor<Membership, Incoming<Join>, Incoming<Loading>, Incoming<Heartbeat>,
                   Incoming<GroupAddress>, Incoming<GroupReady>, Incoming<GroupFailed>,
                   Incoming<Leaving>, PeerDown, ReplicaBroken, ServiceEnds, MembershipTick> {
 public:
  struct Options {
    int num_replicas = 1;
    int group_size = 1;              ///< workers per replica
    std::uint64_t model_digest = 0;  ///< 0: the first worker's counts
    std::string numerics;            ///< empty: the first worker's counts
    /// Of all workers: the first one's counts. Else each replica has one of its own: its ranks
    /// route tokens to experts by numbers that have to be the same.
    bool needs_one_numeric_class = true;
    std::vector<std::string> hosts;  ///< of the workers as configured, for people; may be empty
    MemberStatus self;               ///< the coordinator's own line in `status`
    std::size_t max_gateways = 64;
    std::chrono::milliseconds heartbeat_interval{250};
    std::chrono::milliseconds dead_after{3500};      ///< silence; more than a worker's self-fence
    std::chrono::milliseconds form_timeout{30'000};  ///< per state of a group
  };
  struct Peers {
    ActorRef<Outgoing> wire;
    ActorRef<Disconnect> disconnect;
    ActorRef<ReplicaUp> replica_up;
    ActorRef<ReplicaDown> replica_down;
    ActorRef<MembersChanged> members_changed;
    /// Called as an actor begins that knows of no peer.
    std::function<void()> begin_anew;
  };

  Membership(ActorContext& context, Env env, Options options, Peers peers);

  void on(Incoming<Join> join);
  void on(Incoming<Loading> loading);
  void on(Incoming<Heartbeat> heartbeat);
  void on(Incoming<GroupAddress> address);
  void on(Incoming<GroupReady> ready);
  void on(Incoming<GroupFailed> failed);
  void on(Incoming<Leaving> leaving);
  void on(PeerDown down);
  void on(ReplicaBroken broken);
  void on(ServiceEnds ends);
  void on(MembershipTick tick);

 private:
  void admit_worker(PeerId from, const Join& join);
  void admit_gateway(PeerId from, const Join& join);
  [[nodiscard]] std::optional<Error> mismatch(PeerId from, const Join& join) const;
  [[nodiscard]] std::optional<Error> class_mismatch(const Join& join) const;
  [[nodiscard]] WorkerSlot& slot_at(Slot where);
  [[nodiscard]] bool is_in_cluster(Slot slot) const;
  void form_if_complete(int replica);
  void dissolve(int replica, const std::string& reason);
  void end_group(int replica, const std::string& reason);
  void declare_dead(PeerId peer, const std::string& reason, DownReason down);
  [[nodiscard]] bool has_stopped_loading(PeerId peer);
  [[nodiscard]] WorkerGroup* group_of(PeerId peer, Epoch epoch, WorkerGroup::State state);
  void send(PeerId to, WireMessage message);
  void publish_group(int replica);
  void publish_members();
  void publish_service(const std::vector<MemberStatus>& members);
  void schedule_tick();

  const Env env_;
  Options options_;
  const Peers peers_;
  Counter& num_declared_dead_;
  std::array<Counter*, 6> num_restarts_{};    ///< of workers, by EndReason; null: of none
  Epoch epoch_ = 0;                           ///< the last that was used
  FailureDetector detector_;                  ///< of live workers
  std::optional<std::string> numeric_class_;  ///< of the first worker that was admitted
  std::vector<WorkerGroup> groups_;           ///< by replica
  std::map<PeerId, Slot> slot_of_;            ///< live workers
  std::map<PeerId, MemberStatus> gateways_;
  ServiceState service_;  ///< as gateways know it
  bool is_service_over_ = false;
  bool has_unpublished_members_ = false;  ///< the coordinator had no room for them
};

}  // namespace unmask::actors
