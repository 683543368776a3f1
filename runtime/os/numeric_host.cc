#include "runtime/os/numeric_host.h"

#include <netdb.h>

#include <array>
#include <charconv>
#include <cstring>
#include <memory>

#include "runtime/base/check.h"

namespace unmask {

Result<std::string> numeric_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int failure = 0;
  for (const int family : {AF_INET, AF_INET6}) {
    hints.ai_family = family;
    failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (failure == 0) break;
  }
  if (failure != 0) return Error{ErrorCode::kUnavailable, ::gai_strerror(failure)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  return numeric(*found->ai_addr, found->ai_addrlen).host;
}

HostPort numeric(const sockaddr& address, socklen_t num_bytes) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  UNMASK_CHECK(::getnameinfo(&address, num_bytes, host.data(), host.size(), port.data(),
                             port.size(), NI_NUMERICHOST | NI_NUMERICSERV) == 0);
  HostPort digits{host.data(), 0};
  std::from_chars(port.data(), port.data() + std::strlen(port.data()), digits.port);
  return digits;
}

}  // namespace unmask
