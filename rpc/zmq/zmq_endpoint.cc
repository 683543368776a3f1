#include "rpc/zmq/zmq_endpoint.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <memory>

namespace unmask {

Result<std::string> binding_endpoint(const HostPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int failure = 0;
  for (const int family : {AF_INET, AF_INET6}) {
    hints.ai_family = family;
    failure = getaddrinfo(address.host.c_str(), nullptr, &hints, &found);
    if (failure == 0) break;
  }
  if (failure != 0) {
    return Error{ErrorCode::kUnavailable,
                 "cannot listen at " + address.to_string() + ": " + gai_strerror(failure)};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  std::array<char, NI_MAXHOST> text{};
  if (getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                  NI_NUMERICHOST) != 0) {
    return Error{ErrorCode::kUnavailable, "cannot listen at " + address.to_string()};
  }
  return connecting_endpoint({text.data(), address.port});
}

std::string connecting_endpoint(const HostPort& address) { return "tcp://" + address.to_string(); }

Result<> check_exposure(const HostPort& address, bool has_curve, bool insecure) {
  if (has_curve || insecure || is_loopback(address.host)) return {};
  return Error{ErrorCode::kInvalidArgument,
               "whoever can reach " + address.to_string() +
                   " could do anything with this cluster: give it CURVE keys, listen at 127.0.0.1, "
                   "or say that it may be insecure"};
}

}  // namespace unmask
