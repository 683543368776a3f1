#include "rpc/zmq/zmq_endpoint.h"

#include <gmock/gmock.h>

namespace unmask::rpc {
namespace {

using testing::HasSubstr;

TEST(ZmqEndpointTest, OnlyThisMachineIsSafeWithoutCurve) {
  const HostPort everywhere{"0.0.0.0", 7400}, here{"127.0.0.1", 7400}, named{"node1", 7400};
  EXPECT_TRUE(check_exposure(here, false, false));
  EXPECT_TRUE(check_exposure({"::1", 7400}, false, false));
  EXPECT_TRUE(check_exposure(everywhere, true, false));
  EXPECT_TRUE(check_exposure(everywhere, false, true));
  for (const HostPort& address : {everywhere, named}) {
    const Result<> exposed = check_exposure(address, false, false);
    ASSERT_FALSE(exposed);
    EXPECT_EQ(exposed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(exposed.error().message, HasSubstr(address.to_string()));
    EXPECT_THAT(exposed.error().message, HasSubstr("CURVE"));
  }
}

TEST(ZmqEndpointTest, AListenersNameBecomesAnAddress) {
  EXPECT_EQ(*binding_endpoint({"127.0.0.1", 0}), "tcp://127.0.0.1:0");
  EXPECT_EQ(*binding_endpoint({"::1", 7400}), "tcp://[::1]:7400");
  EXPECT_THAT(*binding_endpoint({"localhost", 7400}), HasSubstr(":7400"));
  const Result<std::string> nowhere = binding_endpoint({"no.such.host.invalid", 1});
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("no.such.host.invalid:1"));
}

TEST(ZmqEndpointTest, ADialersNameStaysAName) {
  EXPECT_EQ(connecting_endpoint({"node1", 7400}), "tcp://node1:7400");
}

}  // namespace
}  // namespace unmask::rpc
