#include "emulation/nccl_meeting.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <mutex>

#include "emulation/device.h"

namespace unmask::emulation {
namespace {

constexpr std::uint32_t kMagic = 0x6c63636e;
constexpr int kLookMs = 5;  // how often somebody who waits looks whether it is over

/// The first that is said on a connection.
struct Hello {
  std::array<unsigned char, 16> secret;
  std::int32_t rank, size;
  std::int32_t device;
  std::int32_t process;
  std::uint16_t port;  // where this rank listens
};
/// What rank 0 answers when all are there; the ports by rank follow.
struct Welcome {
  std::int32_t result;
};

std::mutex g_listeners_mutex;
std::map<std::uint16_t, Descriptor> g_listeners;  // of ids that nobody has used yet, by port

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

Descriptor new_socket() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) host_error("emulated NCCL: no socket");
  return socket;
}

Descriptor listen_anywhere(std::uint16_t& port) {
  Descriptor socket = new_socket();
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), generic, length) != 0 || ::listen(socket.get(), 64) != 0 ||
      ::getsockname(socket.get(), generic, &length) != 0) {
    host_error("emulated NCCL: cannot listen on 127.0.0.1");
  }
  port = ntohs(address.sin_port);
  return socket;
}

/// The meeting of one rank; every wait ends when it is over.
class Meeting {
 public:
  Meeting(const NcclPlace& place, const NcclMember& self, const std::atomic<bool>& is_over,
          std::vector<Descriptor>& links)
      : place_(place), self_(self), is_over_(is_over), links_(links) {
    links_.clear();
    links_.resize(std::size_t(self.size));
  }

  ncclResult_t run() {
    const ncclResult_t result = self_.rank == 0 ? gather() : join();
    return is_over_ ? ncclInternalError : result;
  }

 private:
  /// Rank 0: hears all others, then tells them where they are.
  ncclResult_t gather() {
    Descriptor listener;
    {
      const std::lock_guard lock(g_listeners_mutex);
      if (const auto at = g_listeners.find(place_.port); at != g_listeners.end()) {
        listener = std::move(at->second);
        g_listeners.erase(at);
      }
    }
    if (!listener.is_open()) return ncclInvalidUsage;  // an id of another process, or used before
    std::vector<Hello> heard(std::size_t(self_.size), hello(0));
    Welcome welcome{ncclSuccess};
    for (int left = self_.size - 1; left > 0;) {
      Hello theirs{};
      Descriptor line = accept(listener, theirs);
      if (is_over_) return ncclInternalError;
      if (!line.is_open()) continue;  // a stranger
      if (theirs.size != self_.size) welcome.result = ncclInvalidUsage;
      if (theirs.rank < 1 || theirs.rank >= self_.size) return ncclInvalidUsage;
      links_[std::size_t(theirs.rank)] = std::move(line);
      heard[std::size_t(theirs.rank)] = theirs;
      --left;
    }
    std::vector<std::uint16_t> ports;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      ports.push_back(heard[i].port);
      for (std::size_t j = 0; j < i; ++j) {
        // NCCL: "Duplicate GPU detected".
        if (heard[i].device == heard[j].device && heard[i].process == heard[j].process) {
          welcome.result = ncclInvalidUsage;
        }
      }
    }
    for (int rank = 1; rank < self_.size; ++rank) {
      const Descriptor& line = links_[std::size_t(rank)];
      if (!write_all(line, &welcome, sizeof welcome) ||
          !write_all(line, ports.data(), ports.size() * sizeof ports[0])) {
        return ncclRemoteError;
      }
    }
    return ncclResult_t(welcome.result);
  }

  ncclResult_t join() {
    std::uint16_t port = 0;
    const Descriptor listener = listen_anywhere(port);
    const Hello own = hello(port);
    if (!dial(0, place_.port, own)) return ncclSystemError;
    Welcome welcome{};
    std::vector<std::uint16_t> ports(std::size_t(self_.size));
    if (!read_all(links_[0], &welcome, sizeof welcome) ||
        !read_all(links_[0], ports.data(), ports.size() * sizeof ports[0])) {
      return ncclRemoteError;
    }
    if (welcome.result != ncclSuccess) return ncclResult_t(welcome.result);
    for (int rank = 1; rank < self_.rank; ++rank) {
      if (!dial(rank, ports[std::size_t(rank)], own)) return ncclRemoteError;
    }
    for (int left = self_.size - 1 - self_.rank; left > 0 && !is_over_;) {
      Hello theirs{};
      Descriptor line = accept(listener, theirs);
      if (!line.is_open()) continue;
      if (theirs.rank <= self_.rank || theirs.rank >= self_.size) return ncclInvalidUsage;
      links_[std::size_t(theirs.rank)] = std::move(line);
      --left;
    }
    return ncclSuccess;
  }

  Hello hello(std::uint16_t port) const {
    return {place_.secret, self_.rank, self_.size, self_.device, ::getpid(), port};
  }

  bool dial(int rank, std::uint16_t port, const Hello& own) {
    Descriptor socket = new_socket();
    const sockaddr_in address = loopback(port);
    const int begun =
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (begun != 0 && errno != EINPROGRESS) return false;
    if (!wait_for(socket, POLLOUT) || !write_all(socket, &own, sizeof own)) return false;
    return links_[std::size_t(rank)] = std::move(socket), true;
  }

  /// Closed if it is over, or whoever came does not know the secret.
  Descriptor accept(const Descriptor& listener, Hello& theirs) {
    if (!wait_for(listener, POLLIN)) return {};
    Descriptor line(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    const bool is_known =
        line.is_open() && read_all(line, &theirs, sizeof theirs) && theirs.secret == place_.secret;
    return is_known ? std::move(line) : Descriptor();
  }

  bool wait_for(const Descriptor& descriptor, short event) {
    while (!is_over_) {
      pollfd poll = {descriptor.get(), event, 0};
      if (::poll(&poll, 1, kLookMs) > 0) return true;
    }
    return false;
  }

  bool read_all(const Descriptor& from, void* data, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
      if (!wait_for(from, POLLIN)) return false;
      const ssize_t got = ::recv(from.get(), static_cast<char*>(data) + done, bytes - done, 0);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
      if (got > 0) done += std::size_t(got);
    }
    return true;
  }

  bool write_all(const Descriptor& to, const void* data, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
      if (!wait_for(to, POLLOUT)) return false;
      const ssize_t put =
          ::send(to.get(), static_cast<const char*>(data) + done, bytes - done, MSG_NOSIGNAL);
      if (put < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (put > 0) done += std::size_t(put);
    }
    return true;
  }

  const NcclPlace place_;
  const NcclMember self_;
  const std::atomic<bool>& is_over_;
  std::vector<Descriptor>& links_;
};

}  // namespace

NcclPlace nccl_listen() {
  NcclPlace place{kMagic, 0, {}};
  if (::getrandom(place.secret.data(), place.secret.size(), 0) != ssize_t(place.secret.size())) {
    host_error("emulated NCCL: no random bytes");
  }
  Descriptor listener = listen_anywhere(place.port);
  const std::lock_guard lock(g_listeners_mutex);
  g_listeners[place.port] = std::move(listener);
  return place;
}

ncclResult_t nccl_meet(const NcclPlace& place, const NcclMember& self,
                       const std::atomic<bool>& is_over, std::vector<Descriptor>& links) {
  if (place.magic != kMagic) return ncclInvalidArgument;
  return Meeting(place, self, is_over, links).run();
}

}  // namespace unmask::emulation
