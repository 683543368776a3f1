#include "rpc/zmq/zmq_listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "rpc/zmq/zmq_endpoint.h"
#include "runtime/base/descriptor.h"
#include "zmq_pair.h"

namespace unmask::rpc {
namespace {

/// How a connection of ZMTP 3.0 begins without CURVE: the greeting, and a DEALER's READY command.
const std::string kGreeting =
    std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16) + std::string(48, '\0');
const std::string kReady("\4\x1c\5READY\x0bSocket-Type\0\0\0\6DEALER", 30);
const std::string kLetter("\0\1x", 3);  // a message

/// What is not a ZmqDialer at the other end.
class ZmqListenerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto result = ZmqListener::listen(loop, {}, kAnyPort, server.events());
    ASSERT_TRUE(result) << result.error().message;
    listener = std::move(*result);
  }
  bool run_until(const std::function<bool()>& is_done) { return rpc::run_until(loop, is_done); }

  /// A peer that speaks ZeroMQ.
  ZmqSocket connect(const std::function<void(ZmqSocket&)>& prepare = {}) {
    ZmqSocket socket = *ZmqSocket::open(context, ZMQ_DEALER);
    socket.set(ZMQ_LINGER, 0);
    if (prepare) prepare(socket);
    EXPECT_TRUE(socket.connect(connecting_endpoint(listener->address())));
    return socket;
  }
  /// A peer that speaks TCP.
  Descriptor connect_tcp() {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listener->address().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return socket;
  }
  static bool say(const Descriptor& socket, std::string_view text) {
    return ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
  }
  /// A DEALER without CURVE that has been greeted back.
  Descriptor connect_greeted() {
    Descriptor socket = connect_tcp();
    EXPECT_TRUE(say(socket, kGreeting + kReady));
    std::size_t num_heard = 0;
    EXPECT_TRUE(run_until([&] {
      std::array<char, 256> answer{};
      const ssize_t bytes = ::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
      if (bytes > 0) num_heard += std::size_t(bytes);
      loop.post([] {});
      return num_heard > kGreeting.size() + kReady.size();
    }));
    return socket;
  }
  /// The listener's end of it is closed.
  static bool is_closed(const Descriptor& socket) {
    pollfd state{socket.get(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) == 1;
  }
  /// The listener still serves who behaves.
  void expect_service() {
    Ear friendly;
    const auto dialer = *ZmqDialer::dial(loop, {}, listener->address(), friendly.events());
    const Bytes hello = bytes_of("service?");
    std::size_t num_tried = 0;  // it is cut off, while the others before it are still being closed
    ASSERT_TRUE(run_until([&] {
      if (friendly.ups.size() > num_tried && dialer->send(friendly.ups.back(), hello)) {
        num_tried = friendly.ups.size();
      }
      return !server.frames.empty() && server.frames.back().second == hello;
    }));
    ASSERT_TRUE(listener->send(server.frames.back().first, hello));
    ASSERT_TRUE(run_until([&] { return !friendly.frames.empty(); }));
  }

  ZmqContext context;
  EventLoop loop;
  Ear server;
  std::unique_ptr<ZmqListener> listener;
};

TEST_F(ZmqListenerTest, WhatIsNotZeroMqIsClosed) {
  const Descriptor http = connect_tcp();
  ASSERT_TRUE(say(http, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(100, 'x')));
  const Descriptor wrong = connect_tcp();
  ASSERT_TRUE(say(wrong, kGreeting + std::string("\4\x05\4EVIL", 7) + std::string(1000, '\xff')));
  EXPECT_TRUE(run_until([&] { return is_closed(http) && is_closed(wrong); }));
  EXPECT_TRUE(server.ups.empty());
  expect_service();
}

TEST_F(ZmqListenerTest, AFrameLongerThanAllowedEndsItsConnection) {
  const Descriptor greedy = connect_greeted();
  // A frame of 8 EiB is announced, and one is sent that has a byte more than it may.
  ASSERT_TRUE(say(greedy, std::string("\2\x7f\xff\xff\xff\xff\xff\xff\xff", 9)));
  ZmqSocket giant = connect();
  giant.set(ZMQ_SNDHWM, 1);
  ASSERT_TRUE(giant.send(Bytes(kEnvelopeBytes + kMaxBodyBytes + 1)));
  EXPECT_TRUE(run_until([&] { return is_closed(greedy); }));
  expect_service();
  EXPECT_EQ(server.ups.size(), 1u) << "only the friendly one was ever up";
}

TEST_F(ZmqListenerTest, TheLongestFrameArrivesWhole) {
  ZmqSocket peer = connect();
  const Bytes longest(kEnvelopeBytes + kMaxBodyBytes, std::byte(7));
  ASSERT_TRUE(peer.send(longest));
  ASSERT_TRUE(run_until([&] { return !server.frames.empty(); }));
  EXPECT_EQ(server.frames[0].second, longest);
  EXPECT_EQ(std::uintptr_t(server.frames[0].second.data()) % alignof(std::max_align_t), 0u);
}

TEST_F(ZmqListenerTest, AMessageOfSeveralPartsArrivesAsAnEmptyFrame) {
  ZmqSocket peer = connect();
  for (int part = 0; part < 1000; ++part) ASSERT_TRUE(peer.send(bytes_of("part"), true));
  ASSERT_TRUE(peer.send(bytes_of("end")));
  ASSERT_TRUE(peer.send(Bytes()));
  ASSERT_TRUE(peer.send(bytes_of("alone")));
  ASSERT_TRUE(run_until([&] { return server.frames.size() == 3; }));
  EXPECT_TRUE(server.frames[0].second.empty());
  EXPECT_TRUE(server.frames[1].second.empty());
  EXPECT_EQ(server.frames[2].second, bytes_of("alone"));
  EXPECT_EQ(server.ups.size(), 1u);
}

TEST_F(ZmqListenerTest, AMessageWithoutAnEndIsCutOff) {
  const Descriptor endless = connect_greeted();
  // Parts of 64 KiB, each of which says that more will come.
  const std::string part = std::string("\3\0\0\0\0\0\1\0\0", 9) + std::string(65536, 'x');
  std::size_t sent = 0;
  ASSERT_TRUE(run_until([&] {
    for (int i = 0; i < 100; ++i) {
      const ssize_t bytes = ::send(endless.get(), part.data() + sent % part.size(),
                                   part.size() - sent % part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (bytes > 0) sent += std::size_t(bytes);
    }
    loop.post([] {});
    return is_closed(endless);
  }));
  EXPECT_GT(sent, kEnvelopeBytes + kMaxBodyBytes);
  EXPECT_TRUE(server.ups.empty());
  expect_service();
}

TEST_F(ZmqListenerTest, WhoNamesItselfIsRefused) {
  ZmqSocket named =
      connect([](ZmqSocket& socket) { socket.set(ZMQ_ROUTING_ID, std::string("w0")); });
  const auto monitor = *ZmqMonitor::open(context, named);
  ASSERT_TRUE(named.send(bytes_of("it is me")));
  bool is_cut = false;
  ASSERT_TRUE(run_until([&] {
    while (const auto event = monitor->next()) {
      is_cut |= event->kind == ConnectionEvent::Kind::kDisconnected;
    }
    loop.post([] {});
    return is_cut;
  }));
  EXPECT_TRUE(server.ups.empty());
}

TEST_F(ZmqListenerTest, WhoSaysNothingIsCutOff) {
  const Descriptor silent = connect_tcp();
  const Descriptor greeted = connect_greeted();
  EXPECT_TRUE(run_until([&] { return is_closed(silent); }));
  EXPECT_FALSE(is_closed(greeted)) << "it has longer than who cannot even greet";
  EXPECT_TRUE(run_until([&] { return is_closed(greeted); }));
  EXPECT_TRUE(server.ups.empty());
  EXPECT_TRUE(server.downs.empty());
}

TEST_F(ZmqListenerTest, OneConnectionTooManyIsClosed) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  constexpr std::size_t kAllowed = 512;
  // Everybody speaks, so that nobody is cut off for being silent.
  std::vector<Descriptor> crowd;
  while (crowd.size() < kAllowed) {
    crowd.push_back(connect_greeted());
    ASSERT_TRUE(say(crowd.back(), kLetter));
  }
  ASSERT_TRUE(run_until([&] { return server.ups.size() == kAllowed; }));
  ZmqSocket late = connect([](ZmqSocket& socket) { socket.set(ZMQ_RECONNECT_IVL, -1); });
  const auto monitor = *ZmqMonitor::open(context, late);
  ASSERT_TRUE(late.send(bytes_of("x")));
  bool is_cut = false;
  ASSERT_TRUE(run_until([&] {
    while (const auto event = monitor->next()) {
      is_cut |= event->kind == ConnectionEvent::Kind::kDisconnected;
    }
    loop.post([] {});
    return is_cut || server.ups.size() > kAllowed;
  }));
  EXPECT_EQ(server.ups.size(), kAllowed);
  EXPECT_TRUE(server.downs.empty()) << "it is not others who go";
  crowd.pop_back();
  ASSERT_TRUE(run_until([&] { return server.downs.size() == 1; }));
  expect_service();
}

TEST_F(ZmqListenerTest, AFloodDoesNotKeepOthersWaiting) {
  ZmqSocket flood = connect();
  ASSERT_TRUE(flood.send(bytes_of("first")));
  ASSERT_TRUE(run_until([&] { return !server.ups.empty(); }));
  const auto pour = [&] {
    while (flood.send(bytes_of("drop"))) {
    }
  };
  pour();
  Ear friendly;
  const auto dialer = *ZmqDialer::dial(loop, {}, listener->address(), friendly.events());
  ASSERT_TRUE(run_until([&] {
    pour();
    return !friendly.ups.empty();
  }));
  ASSERT_TRUE(dialer->send(friendly.ups[0], bytes_of("mine")));
  ASSERT_TRUE(run_until([&] {
    pour();
    return server.ups.size() == 2;
  }));
  // Everything else on the loop has its turn as well.
  bool was_run = false;
  loop.post([&] { was_run = true; });
  std::size_t before = server.frames.size();
  pour();
  ASSERT_TRUE(run_until([&] { return was_run; }));
  EXPECT_LE(server.frames.size() - before, 256u);
}

/// The only one who may fork: before any thread is started.
TEST(ZmqListenerProcessTest, AKilledProcessIsNoticedAtOnce) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::uint16_t port = 0;
    if (::read(pipe[0], &port, sizeof port) != sizeof port) ::_exit(1);
    EventLoop loop;
    Ear ear;
    const auto dialer = ZmqDialer::dial(loop, {}, {"127.0.0.1", port}, ear.events());
    (void)run_until(loop, [&] { return !ear.ups.empty(); });
    (void)(*dialer)->send(ear.ups.at(0), bytes_of("here"));
    loop.run();
    ::_exit(0);
  }
  EventLoop loop;
  Ear server;
  const auto listener = *ZmqListener::listen(loop, {}, kAnyPort, server.events());
  const std::uint16_t port = listener->address().port;
  ASSERT_EQ(::write(pipe[1], &port, sizeof port), ssize_t(sizeof port));
  ASSERT_TRUE(run_until(loop, [&] { return !server.frames.empty(); }));
  const Time killed_at = SteadyClock().now();
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_TRUE(run_until(loop, [&] { return !server.downs.empty(); }));
  EXPECT_LT(SteadyClock().now() - killed_at, std::chrono::seconds(10)) << "not by a timeout";
  EXPECT_EQ(server.downs.size(), 1u);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

}  // namespace
}  // namespace unmask::rpc
