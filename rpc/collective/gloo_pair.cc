#include "rpc/collective/gloo_pair.h"

#include <fcntl.h>
#include <gloo/transport/tcp/device.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <limits>

namespace unmask::rpc {
namespace {

/// Room for two chunks of a collective in either direction, so that all ranks may write before any
/// reads. The kernel gives what net.core.wmem_max allows, at least 208 KiB by default.
constexpr int kSocketBytes = 1 << 20;

void set(int descriptor, int level, int option, int value) {
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

}  // namespace

GlooPair::GlooPair(gloo::transport::tcp::Context& context, gloo::transport::tcp::Device& device,
                   int rank, std::chrono::milliseconds timeout, Descriptor socket)
    : Pair(&context, &device, rank, timeout) {
  const std::lock_guard lock(m_);
  device_->unregisterDescriptor(fd_, this);
  ::close(fd_);
  fd_ = socket.release();
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_NONBLOCK);
  set(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd_, SOL_SOCKET, SO_SNDBUF, kSocketBytes);
  set(fd_, SOL_SOCKET, SO_RCVBUF, kSocketBytes);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timeval limit{seconds.count(), std::chrono::microseconds(timeout - seconds).count()};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    ::setsockopt(fd_, SOL_SOCKET, option, &limit, sizeof limit);
  }
  self_ = gloo::transport::tcp::Address::fromSockName(fd_);
  peer_ = gloo::transport::tcp::Address::fromPeerName(fd_);
  sendBufferSize_ = std::numeric_limits<std::size_t>::max();  // Gloo shall not choose another
  sync_ = true;
  changeState(CONNECTED);
}

}  // namespace unmask::rpc
