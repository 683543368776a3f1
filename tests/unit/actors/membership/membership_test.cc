#include "actors/membership/membership.h"

#include "tests/unit/actors/membership/membership_fixture.h"

namespace unmask::actors {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// ---- Who may belong ----

TEST_F(MembershipTest, AWorkerIsWelcomedAndKnownByItsSlot) {
  join(1, 0);
  EXPECT_THAT(sent_to<Welcome>(wire, peer(1, 0)), SizeIs(1));
  EXPECT_EQ(state_of(1, 0), "joining");
  EXPECT_EQ(state_of(1, 1), "absent");
}

TEST_F(MembershipTest, WhatDoesNotFitTheClusterIsRefusedInWords) {
  deliver(PeerId(1), join_of(2, 0));
  EXPECT_THAT(join_error(1), HasSubstr("replica 2 rank 0 is not in this cluster"));
  join(0, 0);
  Join other = join_of(0, 1);
  other.model_digest = 6;
  deliver(PeerId(2), other);
  EXPECT_THAT(join_error(2), HasSubstr("another model"));
  other = join_of(0, 1);
  other.numerics = "fast, bf16";
  deliver(PeerId(3), other);
  EXPECT_THAT(join_error(3), HasSubstr("computes in fast, bf16, the cluster in exact, f32"));
  other = join_of(0, 1);
  other.capacity.page_size = 0;
  deliver(PeerId(4), other);
  EXPECT_THAT(join_error(4), HasSubstr("makes no sense"));
  other = join_of(0, 0);
  other.process.slot.role = Role::kCoordinator;
  deliver(PeerId(5), other);
  EXPECT_THAT(join_error(5), HasSubstr("another one cannot join"));
}

TEST_F(MembershipTest, WorkersThatSumInAnotherOrderAreNotInOneClusterUnderExact) {
  join(0, 0);
  Join other = join_of(0, 1);
  other.numeric_class = "cpu-avx2";
  deliver(peer(0, 1), other);
  EXPECT_THAT(join_error(peer(0, 1)),
              AllOf(HasSubstr("cpu-avx2"), HasSubstr("cpu-avx512"), HasSubstr("--instructions")));
  EXPECT_THAT(sent_to<FormGroup>(wire, peer(0, 0)), IsEmpty());
  // What one replica began another may end, or the same one in its next life.
  other.process.slot.replica = 1;
  deliver(peer(1, 1), other);
  EXPECT_THAT(join_error(peer(1, 1)), HasSubstr("cpu-avx2"));
  deliver(PeerDown{peer(0, 0)});
  other = join_of(0, 0, 2);
  other.numeric_class = "cpu-avx2";
  deliver(PeerId(77), other);
  EXPECT_THAT(join_error(77), HasSubstr("cpu-avx2"));

  deliver(PeerId(78), join_of(0, 0, 2));
  join(0, 1);
  EXPECT_THAT(sent_to<FormGroup>(wire, PeerId(78)), SizeIs(1));
}

TEST_F(MembershipTest, ReplicasThatSumInAnotherOrderAreInOneClusterUnderFast) {
  options.needs_one_numeric_class = false;
  form(0);
  for (const int rank : {0, 1}) {
    Join other = join_of(1, rank);
    other.numeric_class = "cpu-avx2";
    deliver(peer(1, rank), other);
  }
  form_again(1);
  EXPECT_EQ(state_of(0, 1), "ready");
  EXPECT_EQ(state_of(1, 1), "ready");
}

TEST_F(MembershipTest, WorkersOfAReplicaAreOfOneKindUnderFastToo) {
  options.needs_one_numeric_class = false;
  Join gpu = join_of(0, 0);
  gpu.numeric_class = "cuda-sm90";
  deliver(peer(0, 0), gpu);
  join(0, 1);
  EXPECT_THAT(
      join_error(peer(0, 1)),
      AllOf(HasSubstr("cpu-avx512"), HasSubstr("its replica as cuda-sm90"), HasSubstr("--device")));
  // Its own former life does not bind who comes alone.
  deliver(PeerDown{peer(0, 0)});
  deliver(PeerId(77), join_of(0, 0, 2));
  EXPECT_THAT(sent_to<Welcome>(wire, 77), SizeIs(1));
}

TEST_F(MembershipTest, AProcessHasOnePlace) {
  join(0, 0);
  deliver(peer(0, 0), join_of(0, 1));
  EXPECT_THAT(join_error(peer(0, 0)), HasSubstr("another place"));
  EXPECT_EQ(state_of(0, 0), "joining");
  EXPECT_EQ(state_of(0, 1), "absent");
}

TEST_F(MembershipTest, GatewaysAreCountedWelcomedAndBounded) {
  options.max_gateways = 1;
  Join gateway;
  gateway.process.slot.role = Role::kGateway;
  deliver(PeerId(1), gateway);
  EXPECT_THAT(sent_to<Welcome>(wire, 1), SizeIs(1));
  deliver(PeerId(1), Heartbeat{3});
  EXPECT_EQ(last_to<HeartbeatAck>(wire, 1).beat, 3u);
  deliver(PeerId(2), gateway);
  EXPECT_THAT(join_error(2), HasSubstr("takes at most 1"));
  deliver(PeerDown{1});
  deliver(PeerId(2), gateway);
  EXPECT_THAT(sent_to<Welcome>(wire, 2), SizeIs(1));
}

TEST_F(MembershipTest, ANewerProcessTakesTheSlotOfAnOlderOneAndNeverTheOtherWayRound) {
  form(0);
  deliver(PeerId(77), join_of(0, 1, 2));
  EXPECT_THAT(sent_to<Welcome>(wire, 77), SizeIs(1));
  ASSERT_THAT(disconnects.received, SizeIs(1));
  EXPECT_EQ(disconnects.received[0].peer, peer(0, 1));
  ASSERT_THAT(downs.received, SizeIs(1));
  EXPECT_THAT(downs.received[0].reason, HasSubstr("replaced by a newer process"));
  deliver(PeerId(78), join_of(0, 1, 1));
  EXPECT_THAT(join_error(78), HasSubstr("was declared dead"));
  deliver(PeerId(79), join_of(0, 1, 2));
  EXPECT_THAT(join_error(79), HasSubstr("another process has this replica and rank"));
}

TEST_F(MembershipTest, AClockThatStepsBackKeepsNoWorkerOut) {
  const auto seen = [&](int rank, Incarnation incarnation) {
    return join_of(0, rank, incarnation);
  };
  deliver(peer(0, 0), seen(0, 1000));
  deliver(PeerDown{peer(0, 0)});
  deliver(PeerId(70), seen(0, 400));  // started again behind the step
  EXPECT_THAT(sent_to<Welcome>(wire, 70), SizeIs(1));
  deliver(PeerId(71), seen(0, 300));
  EXPECT_THAT(join_error(71), HasSubstr("is not known to be dead")) << "the other one lives";
  EXPECT_EQ(last_to<JoinRejected>(wire, 71).error.code, ErrorCode::kUnavailable);
  deliver(PeerDown{70});
  deliver(PeerId(71), seen(0, 300));
  EXPECT_THAT(sent_to<Welcome>(wire, 71), SizeIs(1));
  deliver(PeerId(72), seen(0, 1000));
  EXPECT_THAT(join_error(72), HasSubstr("declared dead")) << "those that are gone stay gone";
}

TEST_F(MembershipTest, LoadingIsShownUntilTheWorkerJoins) {
  Loading loading;
  loading.phase = "loading weights";
  loading.done = 1;
  loading.total = 4;
  deliver(PeerId(9), loading);
  EXPECT_EQ(state_of(0, 0), "loading");
  loading.process.slot.replica = 99;
  deliver(PeerId(9), loading);
  join(0, 0);
  EXPECT_EQ(state_of(0, 0), "joining");
}

TEST_F(MembershipTest, AProcessThatDiesWhileItLoadsIsShownAsDead) {
  Loading loading;
  loading.process.slot.rank = 1;
  deliver(PeerId(9), loading);
  deliver(PeerDown{8});
  EXPECT_EQ(state_of(0, 1), "loading") << "another process";
  deliver(PeerDown{9});
  EXPECT_EQ(state_of(0, 1), "dead");
  deliver(PeerId(10), loading);  // its next life
  EXPECT_EQ(state_of(0, 1), "loading");
  deliver(PeerId(10), join_of(0, 1));
  deliver(PeerDown{9});
  EXPECT_EQ(state_of(0, 1), "joining");
}

// ---- Groups ----

TEST_F(MembershipTest, AGroupFormsInTwoHalvesAndComesUpWithItsLeastCapacity) {
  join(0, 0);
  EXPECT_THAT(sent_to<FormGroup>(wire, peer(0, 0)), IsEmpty()) << "one is missing";
  Join small = join_of(0, 1);
  small.capacity.num_kv_pages = 7;
  deliver(peer(0, 1), small);
  const FormGroup form = last_to<FormGroup>(wire, peer(0, 1));
  EXPECT_EQ(form.rank, 1);
  EXPECT_EQ(form.size, 2);
  deliver(peer(0, 0), GroupAddress{form.epoch, 0, Bytes(1)});
  EXPECT_THAT(sent_to<GroupAddresses>(wire, peer(0, 0)), IsEmpty());
  deliver(peer(0, 1), GroupAddress{form.epoch, 1, Bytes(2)});
  EXPECT_THAT(last_to<GroupAddresses>(wire, peer(0, 0)).addresses,
              ElementsAre(SizeIs(1), SizeIs(2)));
  deliver(peer(0, 0), GroupReady{form.epoch, 0});
  EXPECT_THAT(ups.received, IsEmpty());
  deliver(peer(0, 1), GroupReady{form.epoch, 1});
  ASSERT_THAT(ups.received, SizeIs(1));
  EXPECT_THAT(ups.received[0].workers, ElementsAre(peer(0, 0), peer(0, 1)));
  EXPECT_EQ(ups.received[0].capacity.num_kv_pages, 7);
  EXPECT_EQ(state_of(0, 0), "ready");
}

TEST_F(MembershipTest, EpochsAreNeverUsedTwice) {
  form(0);
  form(1);
  EXPECT_NE(ups.received.at(0).epoch, ups.received.at(1).epoch);
  const Epoch first = ups.received[0].epoch;
  deliver(peer(0, 0), GroupFailed{first, 0, {ErrorCode::kUnavailable, "rank 1 is gone"}});
  ASSERT_THAT(downs.received, SizeIs(1));
  EXPECT_EQ(downs.received[0].epoch, first);
  EXPECT_THAT(downs.received[0].reason, HasSubstr("rank 1 is gone"));
  EXPECT_EQ(last_to<LeaveGroup>(wire, peer(0, 1)).epoch, first);
  bed.advance(options.heartbeat_interval);
  EXPECT_GT(last_to<FormGroup>(wire, peer(0, 0)).epoch, ups.received[1].epoch);
  form_again(0);
  EXPECT_THAT(ups.received, SizeIs(3));
}

TEST_F(MembershipTest, WhatCarriesAnOldEpochIsIgnored) {
  form(0);
  const Epoch old = ups.received.at(0).epoch;
  deliver(peer(0, 0), GroupFailed{old, 0, {ErrorCode::kUnavailable, "gone"}});
  bed.advance(options.heartbeat_interval);
  for (const int rank : {0, 1}) deliver(peer(0, rank), GroupAddress{old, rank, Bytes(1)});
  for (const int rank : {0, 1}) deliver(peer(0, rank), GroupReady{old, rank});
  deliver(peer(0, 0), GroupFailed{old, 0, {ErrorCode::kUnavailable, "gone"}});
  deliver(ReplicaBroken{0, old, {peer(0, 1)}, "late"});
  EXPECT_THAT(ups.received, SizeIs(1));
  EXPECT_THAT(disconnects.received, IsEmpty());
  form_again(0);
  EXPECT_THAT(ups.received, SizeIs(2));
}

TEST_F(MembershipTest, AGroupThatDoesNotFormInTimeIsFormedAnew) {
  options.form_timeout = 2s;
  for (const int rank : {0, 1}) join(0, rank);
  const Epoch first = last_to<FormGroup>(wire, peer(0, 0)).epoch;
  beat_for(3s, {peer(0, 0), peer(0, 1)});
  EXPECT_GT(last_to<FormGroup>(wire, peer(0, 0)).epoch, first);
  EXPECT_THAT(downs.received, IsEmpty()) << "it never was up";
  form_again(0);
  EXPECT_THAT(ups.received, SizeIs(1));
}

TEST_F(MembershipTest, TheCoordinatorHearsTheLastWordThoughItHadNoRoom) {
  ups.is_full = true;
  form(0);
  beat_for(1s, {peer(0, 0), peer(0, 1)});
  ups.is_full = false;
  beat_for(1s, {peer(0, 0), peer(0, 1)});
  ASSERT_THAT(ups.received, SizeIs(1));
  downs.is_full = true;
  deliver(peer(0, 0), GroupFailed{ups.received[0].epoch, 0, {ErrorCode::kUnavailable, "gone"}});
  bed.advance(options.heartbeat_interval);
  form_again(0);
  EXPECT_THAT(ups.received, SizeIs(1)) << "not before it heard of the end of the old one";
  downs.is_full = false;
  beat_for(1s, {peer(0, 0), peer(0, 1)});
  ASSERT_THAT(downs.received, SizeIs(1));
  EXPECT_EQ(downs.received[0].epoch, ups.received[0].epoch);
  EXPECT_THAT(ups.received, SizeIs(2));
}

TEST_F(MembershipTest, AGroupThatCameAndWentUnheardIsNeverTold) {
  ups.is_full = true;
  form(0);
  deliver(PeerDown{peer(0, 0), DownReason::kNoConnection});
  ups.is_full = false;
  beat_for(1s, {peer(0, 1)});
  EXPECT_THAT(ups.received, IsEmpty());
  EXPECT_THAT(downs.received, IsEmpty());
}

// ---- Who is dead ----

TEST_F(MembershipTest, SilenceIsDeathAndTheOthersGoOn) {
  form(0);
  form(1);
  beat_for(options.dead_after + 1s, {peer(0, 0), peer(1, 0), peer(1, 1)});
  ASSERT_THAT(disconnects.received, SizeIs(1));
  EXPECT_EQ(disconnects.received[0].peer, peer(0, 1));
  ASSERT_THAT(downs.received, SizeIs(1));
  EXPECT_EQ(downs.received[0].replica, 0);
  EXPECT_THAT(downs.received[0].reason, HasSubstr("no heartbeat for 3500 ms"));
  EXPECT_EQ(state_of(0, 1), "dead");
  EXPECT_EQ(state_of(1, 1), "ready");
  EXPECT_EQ(bed.metrics().value("unmask_workers_declared_dead_total"), 1);
}

TEST_F(MembershipTest, WorkersThatAreBackAreCountedByWhyTheyHadEnded) {
  form(0);
  const auto restarts = [&](std::string_view reason) {
    return bed.metrics().value("unmask_worker_restarts_total", {{"reason", reason}});
  };
  EXPECT_EQ(restarts("device"), 0);
  deliver(PeerDown{peer(0, 1)});
  Join again = join_of(0, 1, 2);
  again.process.last_end = EndReason::kDevice;
  again.process.last_words = "its GPU was lost";
  deliver(PeerId(77), again);
  deliver(PeerId(77), again);  // the same life
  EXPECT_EQ(restarts("device"), 1);
  EXPECT_EQ(restarts("hardware"), 0);
  for (const MemberStatus& member : members.received.back().members) {
    if (member.process.slot == again.process.slot) {
      EXPECT_EQ(member.process.last_words, "its GPU was lost");
    }
  }
}

TEST_F(MembershipTest, ALateHeartbeatOfADeadWorkerIsNotAnswered) {
  form(0);
  beat_for(options.dead_after + 1s, {peer(0, 0)});
  const std::size_t before = sent_to<HeartbeatAck>(wire, peer(0, 1)).size();
  deliver(peer(0, 1), Heartbeat{99});
  EXPECT_THAT(sent_to<HeartbeatAck>(wire, peer(0, 1)), SizeIs(before));
  deliver(PeerId(60), join_of(0, 1, 1));
  EXPECT_THAT(join_error(60), HasSubstr("was declared dead and must be restarted"));
  deliver(PeerId(61), join_of(0, 1, 2));
  EXPECT_THAT(sent_to<Welcome>(wire, 61), SizeIs(1));
}

TEST_F(MembershipTest, ALostConnectionIsDeathAtOnce) {
  form(0);
  deliver(PeerDown{peer(0, 1), DownReason::kNoConnection});
  ASSERT_THAT(downs.received, SizeIs(1));
  EXPECT_THAT(downs.received[0].reason, HasSubstr("lost its connection"));
  deliver(PeerId(70), join_of(0, 1, 2));
  const Epoch epoch = last_to<FormGroup>(wire, 70).epoch;
  deliver(peer(0, 0), GroupAddress{epoch, 0, Bytes(1)});
  deliver(PeerId(70), GroupAddress{epoch, 1, Bytes(1)});
  deliver(peer(0, 0), GroupReady{epoch, 0});
  deliver(PeerId(70), GroupReady{epoch, 1});
  ASSERT_THAT(ups.received, SizeIs(2));
  EXPECT_THAT(ups.received[1].workers, ElementsAre(peer(0, 0), PeerId(70)));
}

TEST_F(MembershipTest, WorkersSilentInAStepAreDeclaredDeadAndTheGroupIsDissolved) {
  form(0);
  deliver(
      ReplicaBroken{0, ups.received.at(0).epoch, {peer(0, 1)}, "a step took longer than 30000 ms"});
  ASSERT_THAT(disconnects.received, SizeIs(1));
  EXPECT_EQ(disconnects.received[0].peer, peer(0, 1));
  ASSERT_THAT(downs.received, SizeIs(1));
  EXPECT_THAT(downs.received[0].reason, HasSubstr("a step took longer"));
}

TEST_F(MembershipTest, WorkersThatDisagreeFormANewGroupAndNobodyIsDead) {
  form(0);
  deliver(ReplicaBroken{0, ups.received.at(0).epoch, {}, "different candidates"});
  EXPECT_THAT(disconnects.received, IsEmpty());
  EXPECT_THAT(downs.received, SizeIs(1));
  bed.advance(options.heartbeat_interval);
  form_again(0);
  EXPECT_THAT(ups.received, SizeIs(2));
}

// ---- Who leaves ----

TEST_F(MembershipTest, AWorkerThatIsToldToEndIsNotDeclaredDead) {
  form(0);
  deliver(peer(0, 1), Leaving{"SIGTERM"});
  EXPECT_EQ(state_of(0, 1), "absent");
  ASSERT_THAT(downs.received, SizeIs(1));
  EXPECT_THAT(downs.received[0].reason, HasSubstr("worker 1 of replica 0 left: SIGTERM"));
  deliver(PeerDown{peer(0, 1)});
  beat_for(10s, {peer(0, 0)});
  EXPECT_EQ(bed.metrics().value("unmask_workers_declared_dead_total"), 0);
  EXPECT_THAT(disconnects.received, IsEmpty());
  // Its slot is free for the next life.
  deliver(PeerId(77), join_of(0, 1, 2));
  EXPECT_EQ(state_of(0, 1), "joining");
}

// ---- What gateways are told ----

TEST_F(MembershipTest, AGatewayIsToldAtOnceAndAtEveryChangeWhetherJobsCanBeComputed) {
  options.hosts = {"a", "b", "c", "d"};
  const PeerId gateway = 99;
  Join join_of_gateway;
  join_of_gateway.process.slot.role = Role::kGateway;
  join(0, 0);
  deliver(gateway, join_of_gateway);
  EXPECT_THAT(last_to<ServiceState>(wire, gateway).reason,
              AllOf(HasSubstr("worker 0 (a): joining"), HasSubstr("worker 3 (d): absent")));
  form(0);
  EXPECT_EQ(last_to<ServiceState>(wire, gateway), (ServiceState{true, ""}));
  deliver(PeerDown{peer(0, 1)});
  EXPECT_THAT(last_to<ServiceState>(wire, gateway).reason, HasSubstr("worker 1 (b): dead"));
  EXPECT_EQ(members.received.back().service, last_to<ServiceState>(wire, gateway));

  const std::size_t num_told = sent_to<ServiceState>(wire, gateway).size();
  beat_for(1s, {peer(0, 0)});
  EXPECT_THAT(sent_to<ServiceState>(wire, gateway), SizeIs(num_told)) << "nothing has changed";
  deliver(gateway, join_of_gateway);
  EXPECT_THAT(sent_to<ServiceState>(wire, gateway), SizeIs(num_told + 1)) << "it connected again";
}

TEST_F(MembershipTest, ADrainingCoordinatorIsNoServiceAnyMore) {
  const PeerId gateway = 99;
  Join join_of_gateway;
  join_of_gateway.process.slot.role = Role::kGateway;
  deliver(gateway, join_of_gateway);
  form(0);
  deliver(ServiceEnds{});
  EXPECT_EQ(last_to<ServiceState>(wire, gateway),
            (ServiceState{false, "the coordinator is draining"}));
}

}  // namespace
}  // namespace unmask::actors
