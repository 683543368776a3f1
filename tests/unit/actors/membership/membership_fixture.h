#pragma once

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/membership/membership.h"
#include "runtime/simulation/testbed.h"
#include "tests/unit/actors/sent.h"

namespace unmask::actors {

/// Membership between probes; the test is the workers, the gateways and the coordinator.
class MembershipTest : public testing::Test {
 protected:
  MembershipTest() {
    options.num_replicas = 2;
    options.group_size = 2;
    options.self.process.slot.role = Role::kCoordinator;
  }

  void start() {
    membership.emplace(bed.system().spawn<Membership>(
        "membership", bed.env(), options,
        Membership::Peers{
            wire.ref(), disconnects.ref(), ups.ref(), downs.ref(), members.ref(), {}}));
  }
  template <typename Message>
  void deliver(Message message) {
    if (!membership) start();
    ASSERT_TRUE(membership->ref<Message>().send(std::move(message)));
    bed.settle();
  }
  template <typename Message>
  void deliver(PeerId from, Message message) {
    deliver(Incoming<Message>{from, std::move(message)});
  }

  static PeerId peer(int replica, int rank) { return PeerId(10 * (replica + 1) + rank); }
  static Join join_of(int replica, int rank, Incarnation incarnation = 1) {
    Join join;
    join.process.slot = {Role::kWorker, replica, rank};
    join.incarnation = incarnation;
    join.model_digest = 5;
    join.numerics = "exact, f32";
    join.numeric_class = "cpu-avx512";
    join.capacity = {100, 16, 512, 1024, 1, 1};
    return join;
  }
  void join(int replica, int rank) { deliver(peer(replica, rank), join_of(replica, rank)); }
  /// Both workers join and go through the two halves of the rendezvous.
  void form(int replica) {
    for (const int rank : {0, 1}) join(replica, rank);
    form_again(replica);
  }
  void form_again(int replica) {
    const Epoch epoch = last_to<FormGroup>(wire, peer(replica, 0)).epoch;
    for (const int rank : {0, 1}) {
      deliver(peer(replica, rank), GroupAddress{epoch, rank, Bytes(3, std::byte(rank))});
    }
    for (const int rank : {0, 1}) deliver(peer(replica, rank), GroupReady{epoch, rank});
  }
  /// Time passes and these workers are heard of all the while.
  void beat_for(Duration duration, const std::vector<PeerId>& peers) {
    for (Duration passed{}; passed < duration; passed += options.heartbeat_interval) {
      for (const PeerId from : peers) deliver(from, Heartbeat{++beat});
      bed.advance(options.heartbeat_interval);
    }
  }

  [[nodiscard]] std::string join_error(PeerId to) const {
    return last_to<JoinRejected>(wire, to).error.message;
  }
  [[nodiscard]] std::string state_of(int replica, int rank) const {
    for (const MemberStatus& member : members.received.back().members) {
      if (member.process.slot == Slot{Role::kWorker, replica, rank}) return member.state;
    }
    return {};
  }

  Testbed bed;
  Membership::Options options;
  Probe<Outgoing> wire;
  Probe<Disconnect> disconnects;
  Probe<ReplicaUp> ups;
  Probe<ReplicaDown> downs;
  Probe<MembersChanged> members;
  std::optional<ActorHandle<Membership>> membership;
  std::uint64_t beat = 0;
};

}  // namespace unmask::actors
