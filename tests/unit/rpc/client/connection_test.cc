#include "rpc/client/connection.h"

#include <gmock/gmock.h>

#include "rpc/zmq/curve_keys.h"
#include "runtime/base/null_metrics.h"
#include "runtime/os/asio_timers.h"
#include "tests/unit/rpc/zmq/zmq_pair.h"

namespace unmask::rpc {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;

constexpr int kBlocksPerJob = 4;

/// A gateway on a real socket: it serves two blocks a connection, of the job that is asked for.
class Gateway {
 public:
  Gateway(EventLoop& loop, const HostPort& address, const ZmqOptions& options = {})
      : timers_(loop),
        links_({clock_, timers_, rng_, metrics_, log_}, {},
               {[](PeerId /*peer*/) {},
                [this](PeerId peer, actors::WireMessage message) {
                  if (const auto* submit = std::get_if<actors::Submit>(&message))
                    serve(peer, *submit);
                  return true;
                },
                [](PeerId /*peer*/, DownReason /*reason*/, const std::string& /*why*/) {}}) {
    auto listener = ZmqListener::listen(loop, options, address, links_.transport_events());
    EXPECT_TRUE(listener) << listener.error().message;
    listener_ = std::move(*listener);
    links_.bind(*listener_);
  }

  [[nodiscard]] HostPort address() const { return listener_->address(); }

 private:
  void serve(PeerId peer, const actors::Submit& submit) {
    const int first = submit.resume_after_block + 1;
    for (int block = first; block < std::min(first + 2, kBlocksPerJob); ++block) {
      (void)links_.send({peer, actors::Committed{submit.job, block, {}, {}, ""}});
    }
    if (first + 2 < kBlocksPerJob) return;
    actors::Finished finished;
    finished.job = submit.job;
    (void)links_.send({peer, finished});
  }

  SteadyClock clock_;
  AsioTimers timers_;
  Rng rng_{1};
  NullMetrics metrics_;
  NullLog log_;
  Links links_;
  std::unique_ptr<ZmqListener> listener_;
};

class ClientConnectionTest : public testing::Test {
 protected:
  void connect(const HostPort& address, const ZmqOptions& zmq = {}) {
    auto opened = ClientConnection::open(
        loop, {.gateway = address, .zmq = zmq, .client = {.connect_timeout = milliseconds(500)}});
    ASSERT_TRUE(opened) << opened.error().message;
    connection = std::move(*opened);
    actors::Submit submit;
    submit.input = actors::TextInput{"hello", false};
    ASSERT_TRUE(connection->client().submit(
        submit,
        {.on_block = [this](const actors::Committed& block) { blocks.push_back(block.block); },
         .on_end = [this](const Result<actors::Finished>& news) { end = news; }}));
  }
  bool run_until(const std::function<bool()>& is_done) { return rpc::run_until(loop, is_done); }

  EventLoop loop;
  std::unique_ptr<ClientConnection> connection;
  std::vector<int> blocks;
  std::optional<Result<actors::Finished>> end;
};

TEST_F(ClientConnectionTest, AJobGoesOnWhenItsGatewayComesBackOnTheSamePort) {
  auto gateway = std::make_unique<Gateway>(loop, HostPort{"127.0.0.1", 0});
  const HostPort address = gateway->address();
  connect(address);
  ASSERT_TRUE(run_until([&] { return blocks.size() == 2; }));
  gateway.reset();
  gateway = std::make_unique<Gateway>(loop, address);
  ASSERT_TRUE(run_until([&] { return end.has_value(); }));
  EXPECT_TRUE(*end);
  EXPECT_THAT(blocks, ElementsAre(0, 1, 2, 3));
}

TEST_F(ClientConnectionTest, NobodyListeningIsSaidInTimeWithTheEndpoint) {
  auto gateway = std::make_unique<Gateway>(loop, HostPort{"127.0.0.1", 0});
  const HostPort address = gateway->address();
  gateway.reset();
  connect(address);
  ASSERT_TRUE(run_until([&] { return end.has_value(); }));
  EXPECT_EQ(end->error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(end->error().message, Eq("cannot reach " + address.to_string() +
                                       ": nothing listens there (tried for 0.5 s)"));
}

TEST_F(ClientConnectionTest, AnEncryptedGatewayServesTheKeysItKnowsAndRefusesOthersInWords) {
  const CurveKeyPair server = make_curve_keys(), friendly = make_curve_keys();
  ZmqOptions listening;
  listening.curve = server;
  listening.allowed_keys = {friendly.public_key};
  const Gateway gateway(loop, {"127.0.0.1", 0}, listening);

  ZmqOptions dialing;
  dialing.server_key = server.public_key;
  dialing.curve = make_curve_keys();
  connect(gateway.address(), dialing);
  ASSERT_TRUE(run_until([&] { return end.has_value(); }));
  EXPECT_THAT(end->error().message, HasSubstr("does not accept this process's key"));

  end.reset();
  dialing.curve = friendly;
  connect(gateway.address(), dialing);
  ASSERT_TRUE(run_until([&] { return blocks.size() == 2; }));
}

TEST(ParseEndpointTest, TheSchemeMayBeLeftOut) {
  EXPECT_EQ(*parse_endpoint("tcp://host:7400"), (HostPort{"host", 7400}));
  EXPECT_EQ(*parse_endpoint("10.0.0.1:1"), (HostPort{"10.0.0.1", 1}));
  EXPECT_EQ(*parse_endpoint("tcp://[::1]:7400"), (HostPort{"::1", 7400}));
  EXPECT_EQ(*parse_endpoint(kDefaultEndpoint), (HostPort{"127.0.0.1", 7400}));
}

TEST(ParseEndpointTest, WhatIsNoEndpointIsQuoted) {
  for (const std::string text :
       {"", "host", "http://host:1", "tcp://host:0", "tcp://:1", "host:x"}) {
    const Result<HostPort> address = parse_endpoint(text);
    ASSERT_FALSE(address) << text;
    EXPECT_THAT(address.error().message, HasSubstr("'" + text + "' is not an endpoint"));
  }
}

}  // namespace
}  // namespace unmask::rpc
