/// Links, which are tested on a simulated network, on real sockets.

#include <gmock/gmock.h>

#include "zmq_pair.h"

namespace unmask::rpc {
namespace {

using testing::HasSubstr;

/// One process: its links and what they say. A server answers every message with itself.
struct End {
  End(EventLoop& loop, Link::Options options, bool is_echo)
      : timers(loop),
        rng(options.node + 1),
        links({clock, timers, rng, metrics, log}, options,
              {[this](PeerId peer) { ups.push_back(peer); },
               [this, is_echo](PeerId peer, actors::WireMessage message) {
                 heard.push_back(std::get<actors::ListJobs>(message).request);
                 return !is_echo || links.send({peer, std::move(message)});
               },
               [this](PeerId /*peer*/, DownReason reason, const std::string& why) {
                 downs.emplace_back(reason, why);
               }}) {}

  SteadyClock clock;
  AsioTimers timers;
  Rng rng;
  RecordedMetrics metrics;
  NullLog log;
  std::vector<PeerId> ups;
  std::vector<std::uint64_t> heard;
  std::vector<std::pair<DownReason, std::string>> downs;
  Links links;
};

class ZmqLinksTest : public testing::Test {
 protected:
  void start(Link::Options server_options = {}, Link::Options client_options = {}) {
    server = std::make_unique<End>(loop, server_options, true);
    client = std::make_unique<End>(loop, client_options, false);
    listener = *ZmqListener::listen(loop, {}, {"127.0.0.1", 0}, server->links.transport_events());
    server->links.bind(*listener);
    dialer = *ZmqDialer::dial(loop, {}, listener->address(), client->links.transport_events());
    client->links.bind(*dialer);
  }
  bool run_until(const std::function<bool()>& is_done) { return rpc::run_until(loop, is_done); }
  bool send(std::uint64_t number) {
    return client->links.send({client->ups.back(), actors::ListJobs{number}});
  }

  EventLoop loop;
  std::unique_ptr<End> server, client;
  std::unique_ptr<ZmqListener> listener;
  std::unique_ptr<ZmqDialer> dialer;
};

TEST_F(ZmqLinksTest, MessagesGoThereAndBackInOrder) {
  start();
  ASSERT_TRUE(run_until([&] { return !client->ups.empty() && !server->ups.empty(); }));
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    expected.push_back(i);
    ASSERT_TRUE(run_until([&] { return send(i); }));
  }
  ASSERT_TRUE(run_until([&] { return client->heard.size() == expected.size(); }));
  EXPECT_EQ(server->heard, expected);
  EXPECT_EQ(client->heard, expected);
}

TEST_F(ZmqLinksTest, AnotherVersionIsRefusedInWordsOnBothEnds) {
  for (const bool is_server_newer : {false, true}) {
    Link::Options newer;
    newer.hello.min_version = newer.hello.max_version = kProtocolVersion + 1;
    is_server_newer ? start(newer, {}) : start({}, newer);
    ASSERT_TRUE(run_until([&] { return !client->downs.empty() && !server->downs.empty(); }));
    for (const End* end : {client.get(), server.get()}) {
      EXPECT_EQ(end->downs[0].first, DownReason::kProtocol);
      EXPECT_THAT(end->downs[0].second, HasSubstr("protocol"));
      EXPECT_TRUE(end->ups.empty());
    }
    dialer.reset();
    listener.reset();
  }
}

TEST_F(ZmqLinksTest, AServerThatComesAgainIsAnotherPeerAndNothingOldReachesIt) {
  start();
  ASSERT_TRUE(run_until([&] { return !client->ups.empty() && !server->ups.empty(); }));
  const HostPort address = listener->address();
  ASSERT_TRUE(send(1));
  listener.reset();
  ASSERT_TRUE(run_until([&] { return !client->downs.empty(); }));
  EXPECT_FALSE(send(2));
  server = std::make_unique<End>(loop, Link::Options(), true);
  listener = *ZmqListener::listen(loop, {}, address, server->links.transport_events());
  server->links.bind(*listener);
  ASSERT_TRUE(run_until([&] { return client->ups.size() == 2; }));
  EXPECT_NE(client->ups[0], client->ups[1]);
  EXPECT_EQ(client->downs.size(), 1u);
  ASSERT_TRUE(send(3));
  ASSERT_TRUE(run_until([&] { return !client->heard.empty() && client->heard.back() == 3; }));
  EXPECT_EQ(server->heard, std::vector<std::uint64_t>{3});
}

TEST_F(ZmqLinksTest, GarbageIsAnsweredCountedAndClosed) {
  start();
  Ear rude;
  const auto raw = *ZmqDialer::dial(loop, {}, listener->address(), rude.events());
  ASSERT_TRUE(run_until([&] { return !rude.ups.empty(); }));
  ASSERT_TRUE(raw->send(rude.ups[0], bytes_of("this is not a frame of unmask")));
  ASSERT_TRUE(run_until([&] { return !rude.downs.empty(); }));
  EXPECT_EQ(server->metrics.value("unmask_protocol_errors_total"), 1);
  // The greeting, and why it was closed.
  ASSERT_EQ(rude.frames.size(), 2u);
  const Result<ParsedFrame> bye = parse_frame(rude.frames[1].second);
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->envelope.type, kByeType);
  ASSERT_TRUE(run_until([&] { return !client->ups.empty(); })) << "others are not disturbed";
}

}  // namespace
}  // namespace unmask::rpc
