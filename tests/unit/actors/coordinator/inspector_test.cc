#include "actors/coordinator/inspector.h"

#include <gmock/gmock.h>

#include <utility>

#include "runtime/simulation/testbed.h"
#include "tests/unit/actors/sent.h"

namespace unmask::actors {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr PeerId kRank0 = 100, kRank1 = 101;

class InspectorTest : public testing::Test {
 protected:
  template <typename Message>
  void deliver(Message message) {
    ASSERT_TRUE(inspector.ref<Message>().send(std::move(message)));
    bed.settle();
  }
  template <typename Message>
  void deliver(PeerId from, Message message) {
    deliver(Incoming<Message>{from, std::move(message)});
  }
  void replica_up(Epoch epoch) { deliver(ReplicaUp{0, epoch, {kRank0, kRank1}, {}}); }

  Testbed bed;
  Probe<Outgoing> wire;
  Probe<Inspected> inspected;
  ActorHandle<Inspector> inspector =
      bed.system().spawn<Inspector>("inspector", Inspector::Peers{wire.ref(), inspected.ref()});
};

TEST_F(InspectorTest, AnInspectionGoesToAllWorkersOfAReplicaOrIsRefused) {
  Inspect inspect;
  inspect.request = 1;
  deliver(inspect);
  ASSERT_THAT(inspected.received, SizeIs(1));
  EXPECT_TRUE(inspected.received[0].error);
  replica_up(4);
  inspect.request = 2;
  deliver(inspect);
  EXPECT_EQ(last_to<Inspect>(wire, kRank0).epoch, 4u);
  EXPECT_EQ(last_to<Inspect>(wire, kRank1).request, 2u);
}

TEST_F(InspectorTest, TheNextRowsOfAnInspectionAreAskedForWhenTheOnesBeforeWereTaken) {
  replica_up(4);
  deliver(Inspect{});
  EXPECT_THAT(sent_to<InspectMore>(wire, kRank0), IsEmpty());
  deliver(kRank0, Inspected{});
  EXPECT_THAT(inspected.received, SizeIs(1));
  ASSERT_THAT(sent_to<InspectMore>(wire, kRank0), SizeIs(1));
  EXPECT_EQ(last_to<InspectMore>(wire, kRank0).epoch, 4u);
  EXPECT_THAT(sent_to<InspectMore>(wire, kRank1), IsEmpty());
  Inspected last;
  last.is_last = true;
  deliver(kRank0, last);
  Inspected failed;
  failed.error = Error{ErrorCode::kUnavailable, "a rank is gone"};
  deliver(kRank1, failed);
  EXPECT_THAT(inspected.received, SizeIs(3));
  EXPECT_THAT(sent_to<InspectMore>(wire, kRank0), SizeIs(1));
  EXPECT_THAT(sent_to<InspectMore>(wire, kRank1), IsEmpty());
}

TEST_F(InspectorTest, AReplicaThatIsDownIsNotAskedButOneOfALaterEpochIs) {
  replica_up(4);
  replica_up(4);
  deliver(ReplicaDown{0, 3, "late news"});
  deliver(Inspect{});
  EXPECT_THAT(inspected.received, IsEmpty());
  deliver(ReplicaDown{0, 4, "a worker died"});
  deliver(Inspect{});
  EXPECT_THAT(inspected.received, SizeIs(1));
}

}  // namespace
}  // namespace unmask::actors
