#include "actors/membership/member.h"

#include <gmock/gmock.h>

#include <optional>

#include "runtime/simulation/testbed.h"
#include "tests/unit/actors/sent.h"

namespace unmask::actors {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A process's Member; the test is the process and the coordinator.
class MemberTest : public testing::Test {
 protected:
  template <typename Message>
  void deliver(Message message) {
    if (!member) {
      const Member::Leave leave = [this](Error error) { left.push_back(error.message); };
      member.emplace(bed.system().spawn<Member>("member", bed.env(), options, wire.ref(), leave));
    }
    ASSERT_TRUE(member->ref<Message>().send(std::move(message)));
    bed.settle();
  }
  template <typename Message>
  void hear(Message message) {
    deliver(Incoming<Message>{kCoordinator, std::move(message)});
  }
  void join() {
    deliver(Loaded{7, "exact", "cpu-avx2", {}});
    deliver(PeerUp{kCoordinator});
    hear(Welcome{3, 250ms});
  }
  /// Time passes; every heartbeat is answered after `delay`.
  void beat_for(Duration duration, Duration delay = {}) {
    for (Duration passed{}; passed < duration; passed += 50ms) {
      bed.advance(50ms);
      for (const Heartbeat& sent : sent_to<Heartbeat>(wire, kCoordinator)) {
        if (sent.beat > heard.size()) heard.push_back(bed.now());
      }
      while (answered < heard.size() && heard[answered] + delay <= bed.now()) {
        hear(HeartbeatAck{++answered});
      }
    }
  }

  Testbed bed;
  Member::Options options;
  Probe<Outgoing> wire;
  std::optional<ActorHandle<Member>> member;
  std::vector<std::string> left;
  std::vector<Time> heard;  // by beat
  std::size_t answered = 0;
};

TEST_F(MemberTest, JoinsWhenItIsLoadedAndConnectedInEitherOrder) {
  options.process.slot.rank = 3;
  deliver(PeerUp{kCoordinator});
  deliver(LoadingProgress{"loading weights", 1, 2});
  EXPECT_THAT(sent_to<Loading>(wire, kCoordinator), SizeIs(1));
  EXPECT_THAT(sent_to<Join>(wire, kCoordinator), IsEmpty());
  deliver(Loaded{7, "exact", "cpu-avx2", {}});
  ASSERT_THAT(sent_to<Join>(wire, kCoordinator), SizeIs(1));
  EXPECT_EQ(last_to<Join>(wire, kCoordinator).process.slot.rank, 3);
  EXPECT_EQ(last_to<Join>(wire, kCoordinator).model_digest, 7u);
}

TEST_F(MemberTest, ARefusalEndsTheProcessWithItsReason) {
  join();
  hear(JoinRejected{{ErrorCode::kInvalidArgument, "another model"}});
  EXPECT_THAT(left, testing::ElementsAre("another model"));
  wire.received.clear();
  bed.advance(10s);
  EXPECT_THAT(wire.received, IsEmpty());
}

TEST_F(MemberTest, AWorkerWhoseHeartbeatsAreAnsweredStays) {
  join();
  beat_for(1min);
  EXPECT_THAT(left, IsEmpty());
}

TEST_F(MemberTest, AWorkerWithoutAnswersEndsItselfBeforeItIsDeclaredDead) {
  join();
  beat_for(5s);
  bed.advance(2500ms);
  EXPECT_THAT(left, IsEmpty());
  bed.advance(500ms);
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_THAT(left[0], HasSubstr("has not answered a heartbeat for 2500 ms"));
  bed.advance(1min);
  EXPECT_THAT(left, SizeIs(1));
}

TEST_F(MemberTest, AnAnswerThatWasLongOnItsWayCountsFromItsHeartbeat) {
  join();
  beat_for(5s, 2s);
  EXPECT_THAT(left, IsEmpty());
  // The last answer has just arrived; the coordinator last heard of this worker 2 s ago.
  bed.advance(1s);
  EXPECT_THAT(left, SizeIs(1));
}

TEST_F(MemberTest, AWorkerThatLosesItsConnectionEnds) {
  deliver(PeerUp{kCoordinator});
  deliver(PeerDown{kCoordinator});
  EXPECT_THAT(left, IsEmpty()) << "it did not belong yet";
  join();
  deliver(PeerDown{4});
  EXPECT_THAT(left, IsEmpty()) << "an older connection";
  deliver(PeerDown{kCoordinator});
  EXPECT_THAT(left, SizeIs(1));
}

TEST_F(MemberTest, WhoDepartsSaysSoAndThenNothing) {
  join();
  deliver(Depart{"SIGTERM"});
  EXPECT_EQ(last_to<Leaving>(wire, kCoordinator).reason, "SIGTERM");
  wire.received.clear();
  deliver(PeerDown{kCoordinator});
  bed.advance(1min);
  EXPECT_THAT(wire.received, IsEmpty());
  EXPECT_THAT(left, IsEmpty()) << "it ends as it was told";
}

TEST_F(MemberTest, AGatewayWaitsForTheCoordinatorAndJoinsAgain) {
  options.process.slot.role = Role::kGateway;
  join();
  bed.advance(1min);
  deliver(PeerDown{kCoordinator});
  deliver(PeerUp{6});
  EXPECT_THAT(sent_to<Join>(wire, 6), SizeIs(1));
  EXPECT_THAT(left, IsEmpty());
}

}  // namespace
}  // namespace unmask::actors
