#include "rpc/zmq/zmq_connections.h"

#include <gmock/gmock.h>

namespace unmask::rpc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// As libzmq gives them.
std::string routing_id(std::uint32_t number) {
  return {'\0', char(number >> 24), char(number >> 16), char(number >> 8), char(number)};
}

class ZmqConnectionsTest : public testing::Test {
 protected:
  PeerId peer_of(std::string_view id, int descriptor) {
    const auto* const known = connections.find(id);
    const auto* const found = known != nullptr ? known : connections.identify(id, descriptor);
    return found == nullptr ? 0 : found->peer;
  }

  ZmqConnections connections;
};

TEST_F(ZmqConnectionsTest, AFrameIsOfTheConnectionWhoseDescriptorItCameFrom) {
  const PeerId first = connections.accept(10).peer;
  const PeerId second = connections.accept(11).peer;
  EXPECT_EQ(peer_of(routing_id(2), 11), second);
  EXPECT_EQ(peer_of(routing_id(1), 10), first);
  EXPECT_EQ(peer_of(routing_id(3), 12), 0u) << "nobody was accepted there";
}

TEST_F(ZmqConnectionsTest, WhatAClosedConnectionSentBeforeIsStillItsOwn) {
  const PeerId first = connections.accept(10).peer;
  EXPECT_EQ(peer_of(routing_id(1), 10), first);
  EXPECT_EQ(connections.close(10)->peer, first);
  const PeerId second = connections.accept(10).peer;
  EXPECT_NE(first, second);
  EXPECT_EQ(peer_of(routing_id(1), 10), first);
  EXPECT_EQ(peer_of(routing_id(2), 10), second);
  EXPECT_THAT(connections.closed(), ElementsAre(first));
  connections.forget(first);
  EXPECT_THAT(connections.closed(), IsEmpty());
  EXPECT_EQ(connections.find(first), nullptr);
  EXPECT_EQ(peer_of(routing_id(2), 10), second);
}

TEST_F(ZmqConnectionsTest, AFirstFrameMayBeReadAfterItsConnectionWasClosed) {
  const PeerId brief = connections.accept(10).peer;
  connections.close(10);
  EXPECT_EQ(peer_of(routing_id(1), 10), brief);
  EXPECT_EQ(connections.close(10), nullptr) << "once";
  EXPECT_EQ(peer_of(routing_id(2), 10), 0u);
  connections.forget(brief);
  EXPECT_EQ(peer_of(routing_id(3), 10), 0u);
}

TEST_F(ZmqConnectionsTest, TheNewerOfTwoRoutingIdsIsTheOpenConnections) {
  // The first frame of a connection is read after it was closed and its descriptor used again.
  connections.accept(10);
  connections.close(10);
  const PeerId open = connections.accept(10).peer;
  EXPECT_EQ(peer_of(routing_id(0xffffffff), 10), open) << "it cannot be told yet";
  const PeerId newer = peer_of(routing_id(0), 10);
  EXPECT_NE(newer, open);
  EXPECT_TRUE(connections.find(newer)->is_open);
  EXPECT_FALSE(connections.find(open)->is_open);
  EXPECT_EQ(peer_of(routing_id(0xfffffffe), 10), 0u) << "older than both";
}

TEST_F(ZmqConnectionsTest, WhoNamesItselfIsEnded) {
  const PeerId peer = connections.accept(10).peer;
  EXPECT_EQ(peer_of("worker-0", 10), peer);
  EXPECT_TRUE(connections.find(peer)->is_ended);
  EXPECT_TRUE(connections.find(peer)->is_silent());
}

TEST_F(ZmqConnectionsTest, ADescriptorAcceptedAgainWasClosed) {
  const PeerId first = connections.accept(10).peer;
  const PeerId second = connections.accept(10).peer;
  EXPECT_FALSE(connections.find(first)->is_open);
  EXPECT_TRUE(connections.find(second)->is_open);
  EXPECT_EQ(connections.size(), 2u);
  EXPECT_EQ(connections.close(12), nullptr);
}

}  // namespace
}  // namespace unmask::rpc
