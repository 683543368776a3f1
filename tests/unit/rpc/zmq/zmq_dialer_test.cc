#include "rpc/zmq/zmq_dialer.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include "rpc/zmq/zmq_endpoint.h"
#include "runtime/base/descriptor.h"
#include "zmq_pair.h"

namespace unmask::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ZmqDialerTest : public testing::Test {
 protected:
  std::unique_ptr<ZmqDialer> dial(const HostPort& address) {
    ZmqOptions options;
    options.on_failure = [this](const std::string& why) { failures.push_back(why); };
    auto result = ZmqDialer::dial(loop, options, address, client.events());
    EXPECT_TRUE(result) << result.error().message;
    return result ? std::move(*result) : nullptr;
  }
  bool run_until(const std::function<bool()>& is_done) { return rpc::run_until(loop, is_done); }

  EventLoop loop;
  Ear client;
  std::vector<std::string> failures;
};

TEST_F(ZmqDialerTest, NobodyThereIsSaidOnceAndTriedAgain) {
  HostPort address{"127.0.0.1", 0};
  {
    Ear nobody;
    const auto listener = *ZmqListener::listen(loop, {}, address, nobody.events());
    address = listener->address();
  }
  const auto dialer = dial(address);
  ASSERT_TRUE(run_until([&] { return !failures.empty(); }));
  EXPECT_THAT(failures, ElementsAre(HasSubstr(address.to_string())));
  AsioTimers timers(loop);
  bool is_later = false;
  timers.after(std::chrono::milliseconds(400), [&] { is_later = true; });
  ASSERT_TRUE(run_until([&] { return is_later; }));
  EXPECT_EQ(failures.size(), 1u);
  Ear server;
  const auto listener = *ZmqListener::listen(loop, {}, address, server.events());
  EXPECT_TRUE(run_until([&] { return !client.ups.empty(); }));
}

TEST_F(ZmqDialerTest, WhatDoesNotSpeakZeroMqIsNoPeer) {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), generic, size), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
  const auto dialer = dial({"127.0.0.1", ntohs(address.sin_port)});
  int num_answered = 0;
  ASSERT_TRUE(run_until([&] {
    const Descriptor caller(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::string_view answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    if (caller.is_open() && ::send(caller.get(), answer.data(), answer.size(), MSG_NOSIGNAL) > 0) {
      ++num_answered;
    }
    loop.post([] {});
    return num_answered >= 2 && !failures.empty();
  }));
  EXPECT_THAT(failures[0], HasSubstr("does not answer as unmask does"));
  EXPECT_TRUE(client.ups.empty());
}

TEST_F(ZmqDialerTest, AnAddressThatCannotBeIsRefusedAndAnUnknownNameIsNot) {
  EXPECT_FALSE(ZmqDialer::dial(loop, {}, {"two words", 1}, client.events()));
  EXPECT_NE(dial({"no.such.host.invalid", 1}), nullptr);
}

TEST_F(ZmqDialerTest, SeveralPartsArriveAsAnEmptyFrame) {
  ZmqContext context;
  ZmqSocket server = *ZmqSocket::open(context, ZMQ_DEALER);  // an id of a ROUTER would be a part
  server.set(ZMQ_LINGER, 0);
  ASSERT_TRUE(server.bind("tcp://127.0.0.1:*"));
  const std::string endpoint = server.last_endpoint();
  const auto dialer = dial(*parse_host_port(endpoint.substr(endpoint.rfind('/') + 1)));
  ASSERT_TRUE(run_until([&] { return !client.ups.empty(); }));
  // Its own end takes notice of the connection a moment later.
  ASSERT_TRUE(run_until([&] {
    loop.post([] {});
    return server.send(bytes_of("one"), true);
  }));
  ASSERT_TRUE(server.send(bytes_of("two")));
  ASSERT_TRUE(server.send(bytes_of("whole")));
  ASSERT_TRUE(run_until([&] { return client.frames.size() == 2; }));
  EXPECT_TRUE(client.frames[0].second.empty());
  EXPECT_EQ(client.frames[1].second, bytes_of("whole"));
}

TEST_F(ZmqDialerTest, AfterDisconnectItDialsAgain) {
  Ear server;
  const auto listener = *ZmqListener::listen(loop, {}, {"127.0.0.1", 0}, server.events());
  const auto dialer = dial(listener->address());
  ASSERT_TRUE(run_until([&] { return !client.ups.empty(); }));
  ASSERT_TRUE(dialer->send(client.ups[0], bytes_of("goodbye")));
  dialer->disconnect(client.ups[0], DownReason::kClosed);
  EXPECT_FALSE(dialer->send(client.ups[0], bytes_of("late")));
  EXPECT_TRUE(client.downs.empty()) << "it follows";
  ASSERT_TRUE(run_until([&] { return client.ups.size() == 2 && !server.downs.empty(); }));
  EXPECT_THAT(client.downs, ElementsAre(std::pair(client.ups[0], DownReason::kClosed)));
  ASSERT_EQ(server.frames.size(), 1u) << "what was sent before still went out";
  EXPECT_EQ(server.frames[0].second, bytes_of("goodbye"));
}

}  // namespace
}  // namespace unmask::rpc
