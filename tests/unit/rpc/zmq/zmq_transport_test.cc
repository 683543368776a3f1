#include <gmock/gmock.h>

#include <algorithm>

#include "zmq_pair.h"

namespace unmask::rpc {
namespace {

using testing::HasSubstr;

class ZmqTransportTest : public testing::Test {
 protected:
  void listen(const HostPort& address = kAnyPort) {
    auto result = ZmqListener::listen(loop, {}, address, server.events());
    ASSERT_TRUE(result) << result.error().message;
    listener = std::move(*result);
  }
  std::unique_ptr<ZmqDialer> dial(Ear& ear, const HostPort& address) {
    auto result = ZmqDialer::dial(loop, {}, address, ear.events());
    EXPECT_TRUE(result) << result.error().message;
    return result ? std::move(*result) : nullptr;
  }
  /// Both ends are up.
  void connect() {
    listen();
    dialer = dial(client, listener->address());
    ASSERT_TRUE(run_until([&] { return !client.ups.empty(); }));
    ASSERT_TRUE(dialer->send(client.ups[0], bytes_of("hello")));
    ASSERT_TRUE(run_until([&] { return !server.frames.empty(); }));
  }
  bool run_until(const std::function<bool()>& is_done) { return rpc::run_until(loop, is_done); }

  EventLoop loop;
  Ear server, client;
  std::unique_ptr<ZmqListener> listener;
  std::unique_ptr<ZmqDialer> dialer;
};

TEST_F(ZmqTransportTest, FramesGoBothWaysInOrder) {
  connect();
  EXPECT_EQ(server.frames[0].second, bytes_of("hello"));
  ASSERT_EQ(server.ups.size(), 1u);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(dialer->send(client.ups[0], bytes_of(std::to_string(i))));
    ASSERT_TRUE(listener->send(server.ups[0], bytes_of(std::to_string(-i))));
  }
  ASSERT_TRUE(
      run_until([&] { return server.frames.size() == 501 && client.frames.size() == 500; }));
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(server.frames[std::size_t(i) + 1].second, bytes_of(std::to_string(i)));
    EXPECT_EQ(client.frames[std::size_t(i)].second, bytes_of(std::to_string(-i)));
  }
}

TEST_F(ZmqTransportTest, EverybodyOfACrowdIsHeardWhileOthersAreAnswered) {
  constexpr std::size_t kCrowd = 40;
  TransportEvents answering = server.events();
  answering.on_frame = [&](PeerId peer, Bytes frame) {
    for (int i = 0; i < 10; ++i) (void)listener->send(peer, frame);
  };
  listener = *ZmqListener::listen(loop, {}, kAnyPort, answering);
  std::vector<Ear> ears(kCrowd);
  std::vector<std::unique_ptr<ZmqDialer>> dialers(kCrowd);
  for (std::size_t i = 0; i < kCrowd; ++i) {
    TransportEvents greeting = ears[i].events();
    greeting.on_up = [&, i](PeerId peer, const std::string&) {
      ears[i].ups.push_back(peer);
      EXPECT_TRUE(dialers[i]->send(peer, bytes_of("here")));
    };
    dialers[i] = *ZmqDialer::dial(loop, {}, listener->address(), greeting);
  }
  ASSERT_TRUE(run_until([&] {
    return std::ranges::all_of(ears, [](const Ear& ear) { return ear.frames.size() >= 10; });
  }));
  for (const Ear& ear : ears) EXPECT_EQ(ear.ups.size(), 1u);
}

TEST_F(ZmqTransportTest, ADialerThatGoesIsDownAtOnce) {
  connect();
  dialer.reset();
  ASSERT_TRUE(run_until([&] { return !server.downs.empty(); }));
  EXPECT_EQ(server.downs[0].first, server.ups[0]);
  EXPECT_FALSE(listener->send(server.ups[0], bytes_of("nobody")));
}

TEST_F(ZmqTransportTest, WhoComesBackIsAnotherPeerOnBothEnds) {
  connect();
  listener->disconnect(server.ups[0], DownReason::kProtocol);
  EXPECT_TRUE(server.downs.empty()) << "it follows";
  EXPECT_FALSE(listener->send(server.ups[0], bytes_of("late")));
  ASSERT_TRUE(run_until([&] { return client.ups.size() == 2; }));
  ASSERT_EQ(server.downs.size(), 1u);
  EXPECT_EQ(server.downs[0], std::pair(server.ups[0], DownReason::kProtocol));
  ASSERT_EQ(client.downs.size(), 1u);
  EXPECT_EQ(client.downs[0].first, client.ups[0]);
  EXPECT_FALSE(dialer->send(client.ups[0], bytes_of("old")));
  ASSERT_TRUE(dialer->send(client.ups[1], bytes_of("new")));
  ASSERT_TRUE(run_until([&] { return server.ups.size() == 2; }));
  EXPECT_NE(server.ups[0], server.ups[1]);
}

TEST_F(ZmqTransportTest, ADialerWaitsForAListenerThatComesLater) {
  listen();
  const HostPort address = listener->address();
  listener.reset();
  std::vector<std::string> failures;
  ZmqOptions options;
  options.on_failure = [&](const std::string& why) { failures.push_back(why); };
  dialer = *ZmqDialer::dial(loop, options, address, client.events());
  ASSERT_TRUE(run_until([&] { return !failures.empty(); }));
  listen(address);
  EXPECT_TRUE(run_until([&] { return !client.ups.empty(); }));
}

TEST_F(ZmqTransportTest, ANameIsTheSameToBothEnds) {
  listen({"localhost", 0});
  EXPECT_EQ(listener->address().host, "localhost");
  dialer = dial(client, listener->address());
  EXPECT_TRUE(run_until([&] { return !client.ups.empty(); }));
}

TEST_F(ZmqTransportTest, APortInUseIsNamed) {
  listen();
  const auto second = ZmqListener::listen(loop, {}, listener->address(), server.events());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr(listener->address().to_string()));
  EXPECT_THAT(second.error().message, HasSubstr("in use"));
}

}  // namespace
}  // namespace unmask::rpc
