#include "runtime/simulation/simulated_network.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <optional>

namespace unmask {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

/// A process that writes down what it is told.
struct Host {
  TransportEvents events() {
    return {
        .on_up = [this](PeerId up, const std::string&) { peer = up, ++num_ups; },
        .on_frame = [this](PeerId,
                           Bytes frame) { received.push_back(std::to_integer<int>(frame.at(0))); },
        .on_down = [this](PeerId, DownReason reason) { peer.reset(), downs.push_back(reason); }};
  }
  [[nodiscard]] bool send(int number) {
    return peer && transport->send(*peer, Bytes{std::byte(number)});
  }

  Transport* transport = nullptr;
  std::optional<PeerId> peer;
  int num_ups = 0;
  std::vector<int> received;
  std::vector<DownReason> downs;
};

/// Host 1 dials host 0.
class SimulatedNetworkTest : public testing::Test {
 protected:
  explicit SimulatedNetworkTest(NetworkOptions options = {})
      : network_(events_, trace_, Rng(1), options) {
    for (const int i : {0, 1}) hosts_[i].transport = &network_.attach(i, hosts_[i].events());
    network_.dial(1, 0);
    run_for(100ms);
  }

  void run_for(Duration duration) {
    const Time end = clock_.now() + duration;
    while (events_.next_time() <= end) events_.run_next();
    clock_.advance(end - clock_.now());
  }

  VirtualClock clock_;
  EventQueue events_{clock_, 1};
  Trace trace_;
  SimulatedNetwork network_;
  std::array<Host, 2> hosts_;
};

TEST_F(SimulatedNetworkTest, FramesArriveInOrderInBothDirections) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(hosts_[0].send(i));
    ASSERT_TRUE(hosts_[1].send(i));
  }
  EXPECT_THAT(hosts_[0].received, IsEmpty());
  run_for(100ms);
  for (const Host& host : hosts_) {
    EXPECT_EQ(host.received.size(), 50u);
    EXPECT_TRUE(std::ranges::is_sorted(host.received));
  }
}

TEST_F(SimulatedNetworkTest, FramesOfDifferentConnectionsOvertakeEachOther) {
  Host third;
  third.transport = &network_.attach(2, third.events());
  network_.dial(2, 0);
  run_for(100ms);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE((i % 2 == 0 ? hosts_[1] : third).send(i));
  run_for(100ms);
  EXPECT_EQ(hosts_[0].received.size(), 50u);
  EXPECT_FALSE(std::ranges::is_sorted(hosts_[0].received));
}

TEST_F(SimulatedNetworkTest, LossDropsItsShareAndKeepsTheOrder) {
  network_.set_options({.loss = 0.3});
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(hosts_[0].send(i));
  run_for(1s);
  EXPECT_NEAR(double(hosts_[1].received.size()), 140, 25);
  EXPECT_TRUE(std::ranges::is_sorted(hosts_[1].received));
  EXPECT_EQ(network_.figures().frames_lost, 200 - hosts_[1].received.size());
}

TEST_F(SimulatedNetworkTest, CutIsToldOnceToBothEndsAndTheDialerTriesAgain) {
  ASSERT_TRUE(hosts_[0].send(1));
  const PeerId old_peer = *hosts_[0].peer;
  network_.cut(0, 1);
  run_for(2s);
  EXPECT_THAT(hosts_[1].received, IsEmpty());  // it was in flight
  EXPECT_EQ(network_.figures().frames_cut_off, 1u);
  for (const Host& host : hosts_) {
    EXPECT_THAT(host.downs, ElementsAre(DownReason::kNoConnection));
    EXPECT_EQ(host.num_ups, 2);
  }
  EXPECT_NE(*hosts_[0].peer, old_peer);
  EXPECT_FALSE(hosts_[0].transport->send(old_peer, Bytes{std::byte(1)}));
  ASSERT_TRUE(hosts_[0].send(2));
  run_for(100ms);
  EXPECT_THAT(hosts_[1].received, ElementsAre(2));
}

TEST_F(SimulatedNetworkTest, PeersOfAKilledProcessGetWhatItSentAndThenDown) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(hosts_[1].send(i));
  network_.kill(1);
  run_for(1s);
  EXPECT_THAT(hosts_[0].received, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(hosts_[0].downs, ElementsAre(DownReason::kNoConnection));
  EXPECT_THAT(hosts_[1].downs, IsEmpty());
}

TEST_F(SimulatedNetworkTest, DialerReachesTheNextLifeOfAKilledProcess) {
  network_.kill(0);
  run_for(1s);
  EXPECT_FALSE(hosts_[1].peer.has_value());
  Host reborn;
  reborn.transport = &network_.attach(0, reborn.events());
  run_for(2s);
  EXPECT_EQ(reborn.num_ups, 1);
  ASSERT_TRUE(hosts_[1].send(7));
  run_for(100ms);
  EXPECT_THAT(reborn.received, ElementsAre(7));
}

TEST_F(SimulatedNetworkTest, PartitionHoldsFramesUntilItHeals) {
  network_.set_options({.silence = std::nullopt});
  network_.partition({1});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(hosts_[0].send(i));
  run_for(5s);
  EXPECT_THAT(hosts_[1].received, IsEmpty());
  network_.heal();
  run_for(100ms);
  EXPECT_THAT(hosts_[1].received, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(hosts_[1].downs, IsEmpty());
}

TEST_F(SimulatedNetworkTest, PartitionThatLastsBreaksTheConnectionUntilItHeals) {
  network_.set_options({.silence = 1s});
  network_.partition({0});
  ASSERT_TRUE(hosts_[0].send(1));
  run_for(20s);
  for (const Host& host : hosts_) {
    EXPECT_THAT(host.downs, ElementsAre(DownReason::kNoConnection));
    EXPECT_EQ(host.num_ups, 1);
  }
  network_.heal();
  run_for(2s);
  for (const Host& host : hosts_) EXPECT_EQ(host.num_ups, 2);
  EXPECT_EQ(network_.figures().frames_cut_off, 1u);
}

TEST_F(SimulatedNetworkTest, PartitionBreaksNoConnectionWhereThereIsNoSilence) {
  network_.set_options({.silence = std::nullopt});
  network_.partition({1});
  ASSERT_TRUE(hosts_[0].send(1));
  run_for(24h * 365 * 100);
  for (const Host& host : hosts_) EXPECT_THAT(host.downs, IsEmpty());
  network_.heal();
  run_for(100ms);
  EXPECT_THAT(hosts_[1].received, ElementsAre(1));
  for (const Host& host : hosts_) EXPECT_EQ(host.num_ups, 1);
}

TEST_F(SimulatedNetworkTest, DisconnectIsToldToBothEndsWithItsReason) {
  const PeerId peer = *hosts_[0].peer;
  hosts_[0].transport->disconnect(peer, DownReason::kProtocol);
  hosts_[0].transport->disconnect(peer, DownReason::kProtocol);
  EXPECT_THAT(hosts_[0].downs, IsEmpty());  // never inside a call
  run_for(10ms);
  for (const Host& host : hosts_) EXPECT_THAT(host.downs, ElementsAre(DownReason::kProtocol));
}

TEST_F(SimulatedNetworkTest, SendIsRefusedWhenTooMuchIsInFlight) {
  network_.set_options({.max_queued = 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(hosts_[0].send(i));
  EXPECT_FALSE(hosts_[0].send(3));
  run_for(100ms);
  EXPECT_TRUE(hosts_[0].send(4));
  EXPECT_EQ(network_.figures().frames_refused, 1u);
}

}  // namespace
}  // namespace unmask
