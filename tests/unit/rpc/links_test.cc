#include "rpc/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "runtime/simulation/simulation.h"

namespace unmask::rpc {
namespace {

using testing::HasSubstr;

constexpr Address kServer = 0, kClient = 1;

/// One end: its links and what it heard.
struct End {
  End(Simulation& simulation, Address address, Link::Options options)
      : links(simulation.start(address).env(), options,
              {[this](PeerId peer) { ups.push_back(peer); },
               [this](PeerId /*peer*/, actors::WireMessage message) {
                 if (!is_reading) return false;
                 if (closes_on_reading) links.disconnect({ups.at(0), DownReason::kClosed});
                 heard.push_back(std::get<actors::ListJobs>(message).request);
                 return true;
               },
               [this](PeerId /*peer*/, DownReason reason, const std::string& why) {
                 downs.emplace_back(reason, why);
               }}) {
    links.bind(simulation.network().attach(address, links.transport_events()));
  }

  std::vector<PeerId> ups;
  std::vector<std::uint64_t> heard;
  std::vector<std::pair<DownReason, std::string>> downs;
  bool is_reading = true;
  bool closes_on_reading = false;
  Links links;
};

class LinksTest : public testing::Test {
 protected:
  void start(NetworkOptions network, Link::Options client_options = {}) {
    simulation = std::make_unique<Simulation>(7, network);
    server = std::make_unique<End>(*simulation, kServer, Link::Options{});
    client = std::make_unique<End>(*simulation, kClient, client_options);
    simulation->network().dial(kClient, kServer);
    simulation->run_until([&] { return !client->ups.empty() && !server->ups.empty(); },
                          std::chrono::seconds(60));
  }
  bool send(std::uint64_t number) {
    return client->links.send({client->ups.at(0), actors::ListJobs{number}});
  }
  static std::vector<std::uint64_t> up_to(std::uint64_t n) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t i = 0; i < n; ++i) numbers.push_back(i);
    return numbers;
  }

  std::unique_ptr<Simulation> simulation;
  std::unique_ptr<End> server, client;
};

TEST_F(LinksTest, MessagesArriveOnceAndInOrderThoughFramesAreLost) {
  start({.loss = 0.3});
  for (std::uint64_t i = 0; i < 300; ++i) ASSERT_TRUE(send(i));
  simulation->run_until([&] { return server->heard.size() >= 300; }, std::chrono::minutes(10));
  simulation->run_for(std::chrono::seconds(5));
  EXPECT_EQ(server->heard, up_to(300));
  EXPECT_GT(simulation->network().figures().frames_lost, 0u);
}

TEST_F(LinksTest, AReceiverThatDoesNotReadHoldsTheSenderBackAndLosesNothing) {
  start({});
  server->is_reading = false;
  std::uint64_t sent = 0;
  while (send(sent)) {
    ++sent;
    if (sent % 64 == 0) simulation->run_for(std::chrono::milliseconds(50));
    ASSERT_LT(sent, 100'000u) << "nothing ever said no";
  }
  EXPECT_TRUE(server->heard.empty());
  server->is_reading = true;
  simulation->run_until([&] { return server->heard.size() >= sent; }, std::chrono::minutes(10));
  EXPECT_EQ(server->heard, up_to(sent));
}

TEST_F(LinksTest, AnotherProtocolVersionIsRefusedOnBothEndsInWords) {
  Link::Options options;
  options.hello.min_version = options.hello.max_version = 9;
  start({}, options);
  simulation->run_for(std::chrono::seconds(1));
  ASSERT_FALSE(client->downs.empty());
  ASSERT_FALSE(server->downs.empty());
  EXPECT_EQ(client->downs[0].first, DownReason::kProtocol);
  EXPECT_THAT(client->downs[0].second, HasSubstr("protocol"));
  EXPECT_THAT(server->downs[0].second, HasSubstr("protocol"));
}

TEST_F(LinksTest, AReceiverMayCloseTheConnectionWhileItTakesAMessage) {
  start({});
  server->closes_on_reading = true;
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(send(i));
  simulation->run_for(std::chrono::seconds(1));
  EXPECT_EQ(server->heard, up_to(1));
  EXPECT_EQ(server->downs.size(), 1u);
}

TEST_F(LinksTest, APeerThatVanishesIsReportedOnce) {
  start({});
  simulation->kill(kClient);
  simulation->run_for(std::chrono::minutes(2));
  EXPECT_EQ(server->downs.size(), 1u);
  EXPECT_FALSE(server->links.send({server->ups.at(0), actors::ListJobs{1}}));
}

TEST_F(LinksTest, AConnectionAcrossAPartitionGoesOnWhenItHeals) {
  start({.silence = std::nullopt});
  simulation->network().partition({kServer});
  for (std::uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(send(i));
  simulation->run_for(std::chrono::seconds(5));
  EXPECT_TRUE(server->heard.empty());
  simulation->network().heal();
  simulation->run_for(std::chrono::seconds(5));
  EXPECT_EQ(server->heard, up_to(10));
  EXPECT_TRUE(server->downs.empty()) << server->downs[0].second;
}

TEST_F(LinksTest, GarbageEndsTheConnectionAndIsCounted) {
  start({});
  bool is_up = false;
  Transport* raw = nullptr;
  PeerId peer = 0;
  simulation->start(2);
  raw = &simulation->network().attach(2, {[&](PeerId id, const std::string&) {
                                            peer = id;
                                            is_up = true;
                                          },
                                          [](PeerId, Bytes) {}, [](PeerId, DownReason) {}});
  simulation->network().dial(2, kServer);
  simulation->run_until([&] { return is_up; }, std::chrono::seconds(1));
  ASSERT_TRUE(raw->send(peer, Bytes(100, std::byte(0x55))));
  simulation->run_for(std::chrono::seconds(1));
  ASSERT_EQ(server->downs.size(), 1u);
  EXPECT_EQ(server->downs[0].first, DownReason::kProtocol);
  EXPECT_EQ(simulation->process(kServer).metrics().value("unmask_protocol_errors_total"), 1);
  EXPECT_TRUE(send(1)) << "the others are not disturbed";
}

}  // namespace
}  // namespace unmask::rpc
