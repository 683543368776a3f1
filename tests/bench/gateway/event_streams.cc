#include "tests/bench/gateway/event_streams.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace unmask::bench {
namespace {

constexpr std::string_view kBody =
    R"({"messages":[{"role":"user","content":"Hi"}],"stream":true,"max_tokens":64})";
constexpr std::string_view kEnd = "data: [DONE]\n\n\r\n0\r\n\r\n";
constexpr std::string_view kFirstEvent = "data: {";
constexpr int kTimeoutMs = 30'000;

Error system_error(const std::string& what) {
  return {ErrorCode::kUnavailable, what + ": " + std::strerror(errno)};
}

std::string request() {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Length: " +
         std::to_string(kBody.size()) + "\r\n\r\n" + std::string(kBody);
}

}  // namespace

Result<std::unique_ptr<EventStreams>> EventStreams::connect(const HostPort& server,
                                                            int num_streams) {
  std::unique_ptr<EventStreams> all(new EventStreams);
  all->epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port);
  inet_pton(AF_INET, server.host.c_str(), &address.sin_addr);
  all->streams_.resize(std::size_t(num_streams));
  for (std::size_t i = 0; i < all->streams_.size(); ++i) {
    Descriptor& socket = all->streams_[i].socket;
    socket = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return system_error("cannot connect to the gateway");
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(all->epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event);
  }
  return all;
}

Result<> EventStreams::run(const OnText& on_text) {
  if (const Result<> asked = ask(); !asked) return asked;
  return read_until(kEnd, on_text);
}

Result<> EventStreams::open() {
  if (const Result<> asked = ask(); !asked) return asked;
  return read_until(kFirstEvent, [](std::string&) {});
}

Result<> EventStreams::ask() {
  const std::string text = request();
  for (Stream& stream : streams_) {
    stream.received.clear();
    stream.num_searched = 0;
    stream.is_done = false;
    if (::send(stream.socket.get(), text.data(), text.size(), MSG_NOSIGNAL) !=
        ssize_t(text.size())) {
      return system_error("cannot ask the gateway");
    }
  }
  return {};
}

Result<> EventStreams::read_until(std::string_view end, const OnText& on_text) {
  std::array<epoll_event, 64> events{};
  for (std::size_t num_left = streams_.size(); num_left > 0;) {
    const int num_events = epoll_wait(epoll_.get(), events.data(), int(events.size()), kTimeoutMs);
    if (num_events <= 0) return Error{ErrorCode::kUnavailable, "the gateway says nothing more"};
    for (int i = 0; i < num_events; ++i) {
      Stream& stream = streams_[events[std::size_t(i)].data.u64];
      if (const Result<> got = read(stream); !got) return got;
      const bool is_over = stream.received.find(end) != std::string::npos;
      on_text(stream.received);
      if (is_over && !std::exchange(stream.is_done, true)) --num_left;
    }
  }
  return {};
}

Result<> EventStreams::read(Stream& stream) {
  std::array<char, 16384> bytes{};
  const ssize_t num_bytes = ::recv(stream.socket.get(), bytes.data(), bytes.size(), 0);
  if (num_bytes <= 0) return Error{ErrorCode::kUnavailable, "the gateway closed a stream"};
  const std::string_view text(bytes.data(), std::size_t(num_bytes));
  if (text.starts_with("HTTP/1.1 ") && !text.starts_with("HTTP/1.1 200")) {
    return Error{ErrorCode::kUnavailable, "the gateway refuses: " + std::string(text)};
  }
  stream.received += text;
  return {};
}

}  // namespace unmask::bench
