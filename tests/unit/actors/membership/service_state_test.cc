#include "actors/membership/service_state.h"

#include <gmock/gmock.h>

#include <vector>

namespace unmask::actors {
namespace {

MemberStatus worker(int replica, int rank, const char* state, const char* phase = "",
                    float progress = 0) {
  MemberStatus member;
  member.process.slot = {Role::kWorker, replica, rank};
  member.state = state;
  member.phase = phase;
  member.progress = progress;
  return member;
}

TEST(ServiceStateTest, OneWholeReplicaIsEnough) {
  const std::vector<MemberStatus> members{worker(0, 0, "ready"), worker(0, 1, "dead"),
                                          worker(1, 0, "ready"), worker(1, 1, "ready")};
  EXPECT_EQ(service_state(members, {}), (ServiceState{true, ""}));
}

TEST(ServiceStateTest, HalvesOfTwoReplicasAreNotOne) {
  const std::vector<MemberStatus> members{worker(0, 0, "ready"), worker(0, 1, "absent"),
                                          worker(1, 0, "loading", "weights", 0.4f),
                                          worker(1, 1, "ready")};
  EXPECT_EQ(service_state(members, {}),
            (ServiceState{false, "worker 1: absent, worker 2: weights 40 %"}));
}

TEST(ServiceStateTest, WhoIsMissingIsNamedWithItsHost) {
  const std::vector<MemberStatus> members{worker(0, 0, "ready"), worker(0, 1, "absent")};
  const std::vector<std::string> hosts{"10.0.0.2", "10.0.0.3"};
  EXPECT_EQ(service_state(members, hosts).reason, "worker 1 (10.0.0.3): absent");
}

TEST(ServiceStateTest, WithoutWorkersNothingIsReady) {
  MemberStatus gateway;
  gateway.process.slot.role = Role::kGateway;
  gateway.state = "ready";
  const std::vector<MemberStatus> members{gateway};
  EXPECT_FALSE(service_state(members, {}).is_ready);
  EXPECT_NE(service_state(members, {}).reason, "");
}

}  // namespace
}  // namespace unmask::actors
