#include "runtime/os/try_listen.h"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "runtime/base/descriptor.h"
#include "runtime/os/numeric_host.h"

namespace unmask {

Result<> try_listen(const HostPort& at) {
  const Result<std::string> host = numeric_host(at.host);
  if (!host) return Error{ErrorCode::kNotFound, host.error().message};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host->c_str(), std::to_string(at.port).c_str(), &hints, &found);
  if (failure != 0) return Error{ErrorCode::kNotFound, ::gai_strerror(failure)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> address(found, ::freeaddrinfo);
  const Descriptor socket(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // As the servers do: connections that are just over are no obstacle.
  constexpr int kYes = 1;
  if (socket.is_open() &&
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &kYes, sizeof kYes) == 0 &&
      ::bind(socket.get(), address->ai_addr, address->ai_addrlen) == 0 &&
      ::listen(socket.get(), 1) == 0) {
    return {};
  }
  const int problem = errno;
  return Error{problem == EADDRNOTAVAIL ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
               std::strerror(problem)};
}

}  // namespace unmask
