/// What becomes of a process whose actors fail.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "actors/role/coordinator_role.h"
#include "actors/role/gateway_role.h"
#include "actors/role/worker_role.h"
#include "tests/unit/actors/number_text.h"
#include "tests/unit/actors/sent.h"

namespace unmask::actors {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

constexpr PeerId kPeer = 1;

/// A wire that keeps what is sent over it, and fails once at a message of a certain type.
template <typename Fatal>
class FailingWire {
 public:
  ActorRef<Outgoing> ref() {
    return ActorRef<Outgoing>([this](Outgoing outgoing) {
      if (fails && std::holds_alternative<Fatal>(outgoing.message)) {
        fails = false;
        throw std::runtime_error("no more memory");
      }
      sent.received.push_back(std::move(outgoing));
      return true;
    });
  }

  Probe<Outgoing> sent;
  bool fails = true;
};

class FailingRolesTest : public testing::Test {
 protected:
  template <typename Message>
  void deliver(const Dispatch& dispatch, Message message) {
    ASSERT_EQ(dispatch.deliver(kPeer, std::move(message)), Dispatch::Outcome::kTaken);
    bed.settle();
  }

  Testbed bed;
  NumberText text;
  Probe<Outgoing> clients;
  Probe<Disconnect> disconnects;
  std::vector<std::string> left;
  const Member::Leave leave = [this](const Error& why) { left.push_back(why.message); };
};

TEST_F(FailingRolesTest, AGatewayThatFailsEndsItsProcessAtOnce) {
  FailingWire<Admit> coordinator;
  GatewayRole role(bed.system(), bed.env(), {}, text,
                   {clients.ref(), disconnects.ref(), coordinator.ref()}, leave);
  ASSERT_TRUE(role.coordinator_up(kPeer));
  Submit submit;
  submit.job = job_id(1);
  submit.input = TokenInput{{1}, {}};
  deliver(role.client_dispatch(), submit);
  EXPECT_THAT(bed.escalation(), HasSubstr("gateway failed"));
}

TEST_F(FailingRolesTest, AMemberThatFailsEndsItsProcessAtOnce) {
  FailingWire<Join> coordinator;
  GatewayRole role(bed.system(), bed.env(), {}, text,
                   {clients.ref(), disconnects.ref(), coordinator.ref()}, leave);
  ASSERT_TRUE(role.coordinator_up(kPeer));
  bed.settle();
  EXPECT_THAT(bed.escalation(), HasSubstr("member failed"));
}

/// Fails as soon as it is asked for anything.
class FailingDevice final : public Device {
 public:
  void prepare(FormGroup, std::function<void(Result<Bytes>)>) override { fail(); }
  void connect(Epoch, std::vector<Bytes>, std::function<void(Result<>)>) override { fail(); }
  void run(Step, std::function<void(Result<StepResult>)>) override { fail(); }
  void end_burst(std::uint64_t) override {}
  void inspect(Inspect, std::function<void(Inspected)>) override { fail(); }
  void inspect_more() override {}
  void abort(Epoch) override {}

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("no more memory"); }
};

TEST_F(FailingRolesTest, AWorkerThatFailsEndsItsProcessAtOnce) {
  FailingDevice device;
  Probe<Outgoing> coordinator;
  WorkerRole role(bed.system(), bed.env(), {}, device, coordinator.ref(), leave);
  ASSERT_TRUE(role.coordinator_up(kPeer));
  deliver(role.dispatch(), FormGroup{1, 0, 0, 1});
  EXPECT_THAT(bed.escalation(), HasSubstr("worker failed"));
}

template <typename Fatal>
class FailingCoordinator {
 public:
  explicit FailingCoordinator(Testbed& bed)
      : role(bed.system(), bed.env(), options(),
             {wire.ref(), disconnects.ref(), inspected.ref(), [this] { ++num_cuts; }}) {}

  static CoordinatorRole::Options options() {
    CoordinatorRole::Options options;
    options.coordinator.model = {{.mask_id = 9, .eos_id = 8}, 10, 100};
    return options;
  }

  FailingWire<Fatal> wire;
  Probe<Disconnect> disconnects;
  Probe<Inspected> inspected;
  int num_cuts = 0;
  CoordinatorRole role;
};

Admit job_of_four_tokens() {
  Admit admit;
  admit.job = job_id(1);
  admit.body_digest = 7;
  admit.input.tokens = {1, 2};
  admit.parameters = {{"gen_length", "4"}};
  return admit;
}

TEST_F(FailingRolesTest, ACoordinatorThatFailsKeepsItsJobsAndMakesEverybodyComeAgain) {
  FailingCoordinator<Accepted> coordinator(bed);
  deliver(coordinator.role.dispatch(), job_of_four_tokens());
  EXPECT_EQ(coordinator.num_cuts, 0);
  bed.advance(1s);
  EXPECT_EQ(coordinator.num_cuts, 1);
  EXPECT_EQ(bed.escalation(), "");
  deliver(coordinator.role.dispatch(), job_of_four_tokens());
  EXPECT_TRUE(last_to<Accepted>(coordinator.wire.sent, kPeer).is_resend) << "it is known";
}

TEST_F(FailingRolesTest, AMembershipThatFailsTakesTheCoordinatorAlong) {
  FailingCoordinator<Welcome> coordinator(bed);
  deliver(coordinator.role.dispatch(), job_of_four_tokens());
  Join gateway;
  gateway.process.slot.role = Role::kGateway;
  deliver(coordinator.role.dispatch(), gateway);
  bed.advance(1s);
  EXPECT_EQ(coordinator.num_cuts, 1);
  deliver(coordinator.role.dispatch(), gateway);
  EXPECT_THAT(sent_to<Welcome>(coordinator.wire.sent, kPeer), SizeIs(1));
}

}  // namespace
}  // namespace unmask::actors
