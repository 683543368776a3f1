#include "actors/worker/worker.h"

#include <gmock/gmock.h>

#include <optional>
#include <utility>

#include "runtime/simulation/testbed.h"
#include "tests/unit/actors/sent.h"

namespace unmask::actors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr PeerId kStranger = 6;

/// Writes down what it is asked; the test answers.
class AskedDevice final : public Device {
 public:
  void prepare(FormGroup group, std::function<void(Result<Bytes>)> done) override {
    groups.push_back(group);
    prepared = std::move(done);
  }
  void connect(Epoch /*epoch*/, std::vector<Bytes> addresses,
               std::function<void(Result<>)> done) override {
    connected_to = std::move(addresses);
    connected = std::move(done);
  }
  void run(Step step, std::function<void(Result<StepResult>)> done) override {
    steps.push_back(std::move(step));
    ran = std::move(done);
  }
  void end_burst(std::uint64_t seq) override { ended_burst = seq; }
  void inspect(Inspect request, std::function<void(Inspected)> rows) override {
    inspections.push_back(std::move(request));
    inspected = std::move(rows);
  }
  void inspect_more() override { ++num_taken; }
  void abort(Epoch epoch) override { aborted.push_back(epoch); }

  std::vector<FormGroup> groups;
  std::vector<Bytes> connected_to;
  std::vector<Step> steps;
  std::vector<Inspect> inspections;
  std::vector<Epoch> aborted;
  int num_taken = 0;  // pieces of inspections
  std::uint64_t ended_burst = 0;
  std::function<void(Result<Bytes>)> prepared;
  std::function<void(Result<>)> connected;
  std::function<void(Result<StepResult>)> ran;
  std::function<void(Inspected)> inspected;
};

class WorkerTest : public testing::Test {
 protected:
  template <typename Message>
  void deliver(Message message, PeerId from = kCoordinator) {
    ASSERT_TRUE(worker.ref<Incoming<Message>>().send({from, std::move(message)}));
    bed.settle();
  }
  void form(Epoch epoch, int rank = 0) {
    deliver(FormGroup{epoch, 0, rank, 2});
    device.prepared(Bytes(3));
    bed.settle();
    deliver(GroupAddresses{epoch, {Bytes(3), Bytes(4)}});
    device.connected({});
    bed.settle();
  }
  static Step step_of(Epoch epoch, std::uint64_t seq) {
    Step step;
    step.epoch = epoch;
    step.seq = seq;
    step.sequences.resize(1);
    step.sequences[0].phase = Phase::kRefresh;
    return step;
  }
  static Inspect inspection_of(Epoch epoch) {
    Inspect inspect;
    inspect.epoch = epoch;
    return inspect;
  }
  static StepResult result_of(const Step& step) {
    StepResult result;
    result.epoch = step.epoch;
    result.seq = step.seq;
    result.digest = 9;
    result.device_time = std::chrono::milliseconds(7);
    result.sequences.resize(1);
    return result;
  }
  [[nodiscard]] std::string failure() const {
    return last_to<GroupFailed>(wire, kCoordinator).error.message;
  }
  [[nodiscard]] double num_stale() { return bed.metrics().value("unmask_stale_messages_total"); }

  ActorRef<Outgoing> link() {
    return ActorRef<Outgoing>([this, wire = wire.ref()](Outgoing outgoing) {
      const auto* const rows = std::get_if<Inspected>(&outgoing.message);
      if (rows != nullptr && !rows->rows.data.empty() && !takes_rows) return false;
      return wire.send(std::move(outgoing));
    });
  }

  Testbed bed;
  AskedDevice device;
  Probe<Outgoing> wire;
  bool takes_rows = true;
  ActorHandle<Worker> worker =
      bed.system().spawn<Worker>("worker", bed.env(), std::ref<Device>(device), link());
};

TEST_F(WorkerTest, GoesThroughBothHalvesOfARendezvous) {
  form(4, 1);
  EXPECT_EQ(device.groups.at(0).rank, 1);
  EXPECT_THAT(last_to<GroupAddress>(wire, kCoordinator).address, SizeIs(3));
  EXPECT_THAT(device.connected_to, SizeIs(2));
  EXPECT_EQ(last_to<GroupReady>(wire, kCoordinator).epoch, 4u);
}

TEST_F(WorkerTest, ABurstAnswersForStepsThatNobodySent) {
  form(4);
  Step step = step_of(4, 1);
  step.burst = 5;
  deliver(step);
  StepResult result = result_of(step);
  result.goes_on = true;
  for (const std::uint64_t seq : {1, 2, 3}) {
    result.seq = seq;
    result.goes_on = seq < 3;
    device.ran(result);
    bed.settle();
  }
  EXPECT_THAT(sent_to<StepResult>(wire, kCoordinator), SizeIs(3));
  deliver(EndBurst{4, 1});
  EXPECT_EQ(device.ended_burst, 1u);
  deliver(EndBurst{3, 9});
  EXPECT_EQ(device.ended_burst, 1u) << "of an epoch that is over";
  deliver(step_of(4, 4));
  EXPECT_THAT(device.steps, SizeIs(2)) << "the next one is asked for again";
}

TEST_F(WorkerTest, RankZeroAnswersCandidatesAndTheOthersTheirDigest) {
  for (const int rank : {0, 1}) {
    const Epoch epoch = Epoch(4 + rank);
    form(epoch, rank);
    deliver(step_of(epoch, 1));
    device.ran(result_of(device.steps.back()));
    bed.settle();
    const StepResult sent = last_to<StepResult>(wire, kCoordinator);
    EXPECT_EQ(sent.digest, 9u);
    EXPECT_THAT(sent.sequences, SizeIs(rank == 0 ? 1 : 0));
    EXPECT_EQ(bed.metrics().value("unmask_worker_forward_seconds", {{"phase", "refresh"}}), 0.007);
  }
}

TEST_F(WorkerTest, WhatCarriesAnotherEpochOrComesFromAnotherPeerIsDroppedAndCounted) {
  form(4);
  deliver(step_of(3, 1));
  deliver(step_of(4, 1), kStranger);
  deliver(GroupAddresses{3, {}});
  deliver(inspection_of(3));
  EXPECT_THAT(device.steps, IsEmpty());
  EXPECT_THAT(device.inspections, IsEmpty());
  EXPECT_EQ(num_stale(), 4);
  deliver(FormGroup{4, 0, 1, 2});
  deliver(FormGroup{3, 0, 1, 2});
  EXPECT_THAT(device.groups, SizeIs(1)) << "an epoch is never used again";
}

TEST_F(WorkerTest, AGapInTheStepsEndsTheGroup) {
  form(4);
  deliver(step_of(4, 1));
  deliver(step_of(4, 3));
  EXPECT_THAT(failure(), HasSubstr("step 3 came, expected 2"));
  EXPECT_THAT(device.steps, SizeIs(1));
  deliver(step_of(4, 1));
  EXPECT_THAT(sent_to<GroupFailed>(wire, kCoordinator), SizeIs(2)) << "a step twice is no better";
}

TEST_F(WorkerTest, StepsCountFromOneInEveryEpoch) {
  form(4);
  deliver(step_of(4, 1));
  form(5);
  EXPECT_THAT(device.aborted, ElementsAre(4));
  deliver(step_of(5, 1));
  EXPECT_THAT(device.steps, SizeIs(2));
  EXPECT_THAT(sent_to<GroupFailed>(wire, kCoordinator), IsEmpty());
}

TEST_F(WorkerTest, AnAnswerOfTheDeviceForAnEpochThatIsOverGoesNowhere) {
  form(4);
  deliver(step_of(4, 1));
  const auto late = device.ran;
  form(5);
  wire.received.clear();
  late(result_of(device.steps.at(0)));
  bed.settle();
  EXPECT_THAT(wire.received, IsEmpty());
}

TEST_F(WorkerTest, WhateverTheDeviceCannotDoEndsTheGroupWithItsReason) {
  deliver(FormGroup{4, 0, 0, 2});
  device.prepared(Error{ErrorCode::kUnavailable, "no port is free"});
  bed.settle();
  EXPECT_EQ(failure(), "no port is free");
  deliver(FormGroup{5, 0, 0, 2});
  device.prepared(Bytes(3));
  bed.settle();
  deliver(GroupAddresses{5, {Bytes(3), Bytes(4)}});
  device.connected(Error{ErrorCode::kDeadlineExceeded, "rank 1 did not come"});
  bed.settle();
  EXPECT_EQ(failure(), "rank 1 did not come");
  form(6);
  deliver(step_of(6, 1));
  device.ran(Error{ErrorCode::kUnavailable, "rank 1 is gone"});
  bed.settle();
  EXPECT_EQ(failure(), "rank 1 is gone");
  EXPECT_EQ(last_to<GroupFailed>(wire, kCoordinator).epoch, 6u);
}

TEST_F(WorkerTest, LeavingAbortsWhatRuns) {
  form(4);
  deliver(step_of(4, 1));
  deliver(LeaveGroup{3, "old"});
  EXPECT_THAT(device.aborted, IsEmpty());
  deliver(LeaveGroup{4, "over"});
  EXPECT_THAT(device.aborted, ElementsAre(4));
}

TEST_F(WorkerTest, OnlyRankZeroTellsTheRowsOfAnInspectionButAnyTellsAnError) {
  form(4, 1);
  deliver(inspection_of(4));
  Inspected rows;
  device.inspected(rows);
  bed.settle();
  EXPECT_THAT(sent_to<Inspected>(wire, kCoordinator), IsEmpty());
  EXPECT_EQ(device.num_taken, 1) << "nobody else takes it";
  Inspected failed;
  failed.error = Error{ErrorCode::kInvalidArgument, "too long"};
  device.inspected(failed);
  bed.settle();
  EXPECT_THAT(sent_to<Inspected>(wire, kCoordinator), SizeIs(1));
}

TEST_F(WorkerTest, TheNextRowsOfAnInspectionWaitUntilTheCoordinatorWantsThem) {
  form(4);
  deliver(inspection_of(4));
  device.inspected(Inspected{});
  bed.settle();
  EXPECT_THAT(sent_to<Inspected>(wire, kCoordinator), SizeIs(1));
  EXPECT_EQ(device.num_taken, 0);
  deliver(InspectMore{3});
  deliver(InspectMore{4}, kStranger);
  EXPECT_EQ(device.num_taken, 0);
  deliver(InspectMore{4});
  EXPECT_EQ(device.num_taken, 1);
}

TEST_F(WorkerTest, RowsThatCannotBeSentAreAnErrorAndHoldNobodyUp) {
  form(4);
  deliver(inspection_of(4));
  takes_rows = false;
  Inspected rows;
  rows.rows.data = {1};
  device.inspected(rows);
  bed.settle();
  EXPECT_EQ(device.num_taken, 1);
  EXPECT_TRUE(last_to<Inspected>(wire, kCoordinator).error);
}

}  // namespace
}  // namespace unmask::actors
