#include "rpc/zmq/tcp_bytes.h"

// glibc's own header, which Asio includes, is older than this figure and cannot stand beside it.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace unmask::rpc {

std::uint64_t received_bytes(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_received;
}

}  // namespace unmask::rpc
