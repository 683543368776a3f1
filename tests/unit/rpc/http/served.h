#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "rpc/http/http_server.h"
#include "runtime/base/descriptor.h"
#include "runtime/os/event_loop.h"

namespace unmask::rpc {

/// A client that sends any bytes, over a real socket; waits of more than ten seconds fail.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    is_connected_ =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool is_connected() const { return is_connected_; }

  /// False once the server does not take any more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(std::size_t(sent));
    }
    return true;
  }

  /// No more will be sent.
  void finish() { ::shutdown(socket_.get(), SHUT_WR); }

  /// Everything until the server closes.
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }

  /// What comes up to and with `end`.
  std::string read_until(std::string_view end) {
    while (received_.find(end) == std::string::npos && receive()) {
    }
    const std::size_t at = received_.find(end);
    if (at == std::string::npos) return std::exchange(received_, {});
    std::string text = received_.substr(0, at + end.size());
    received_.erase(0, text.size());
    return text;
  }

  /// The next response, which has a Content-Length; `has_body`: it follows the head.
  std::string read_response(bool has_body = true) {
    constexpr std::string_view kLength = "Content-Length: ";
    std::size_t head = 0;
    while ((head = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::exchange(received_, {});
    }
    std::size_t size = head + 4;
    const std::size_t length = received_.substr(0, size).find(kLength);
    if (has_body && length != std::string::npos) {
      size += std::stoul(received_.substr(length + kLength.size()));
    }
    while (received_.size() < size && receive()) {
    }
    std::string response = received_.substr(0, size);
    received_.erase(0, size);
    return response;
  }

 private:
  bool receive() {
    char bytes[4096];
    const ssize_t num_bytes = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (num_bytes <= 0) return false;
    received_.append(bytes, std::size_t(num_bytes));
    return true;
  }

  const Descriptor socket_;
  bool is_connected_ = false;
  std::string received_;
};

/// A server on a free port and the thread that its loop runs on.
class Served {
 public:
  explicit Served(const HttpServer::Options& options = {}) {
    server_ = *HttpServer::listen(loop_, options, {"127.0.0.1", 0});
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Served() {
    on_loop([this] { server_.reset(); });
    loop_.stop();
    thread_.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  void route(const std::string& method, const std::string& path, HttpRoute route) {
    on_loop([&] { server_->route(method, path, std::move(route)); });
  }
  [[nodiscard]] std::uint16_t port() const { return server_->address().port; }
  [[nodiscard]] HttpServer& server() { return *server_; }

  /// Runs `action` on the control thread and waits for it.
  template <typename Action>
  void on_loop(Action action) {
    std::promise<void> done;
    loop_.post([&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  EventLoop loop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

}  // namespace unmask::rpc
