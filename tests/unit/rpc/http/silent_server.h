#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "runtime/base/descriptor.h"

namespace unmask::rpc {

/// Listens on a free port and never accepts: what is left of a process that hangs.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t num_bytes = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const bool is_listening = ::bind(socket_.get(), generic, num_bytes) == 0 &&
                              ::listen(socket_.get(), 16) == 0 &&
                              ::getsockname(socket_.get(), generic, &num_bytes) == 0;
    if (is_listening) port_ = ntohs(address.sin_port);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  const Descriptor socket_;
  std::uint16_t port_ = 0;
};

}  // namespace unmask::rpc
