#include "rpc/collective/mesh_place.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "runtime/base/check.h"
#include "runtime/os/numeric_host.h"

namespace unmask::rpc {
namespace {

using Address = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Error unavailable(const std::string& what, const char* why) {
  return {ErrorCode::kUnavailable, what + ": " + why};
}

/// Of an endpoint in digits.
///
/// Errors  kInvalidArgument: in letters
Result<Address> address_of(const HostPort& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (failure != 0) return invalid(endpoint.to_string() + ": " + gai_strerror(failure));
  return Address(found, freeaddrinfo);
}

/// The address of a network interface; IPv4 first.
Result<std::string> host_of(const std::string& interface) {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return unavailable("network interfaces", strerror(errno));
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(all, freeifaddrs);
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
      if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != family ||
          interface != entry->ifa_name) {
        continue;
      }
      return numeric(*entry->ifa_addr,
                     family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6))
          .host;
    }
  }
  return invalid("this machine has no network interface \"" + interface + "\" with an address");
}

Result<std::string> host_of(const MeshPlace& place) {
  if (!place.interface.empty()) return host_of(place.interface);
  const Result<std::string> host = numeric_host(place.host);
  if (!host) return unavailable(place.host, host.error().message.c_str());
  return host;
}

Descriptor open_socket(int family) {
  return Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

}  // namespace

Result<Descriptor> listen_at(const MeshPlace& place, int backlog) {
  const Result<std::string> host = host_of(place);
  if (!host) return host.error();
  if (*host == "0.0.0.0" || *host == "::") {
    return invalid(*host + " is no address at which other ranks can reach this one");
  }
  const Result<Address> found = address_of({*host, 0});
  if (!found) return found.error();
  const addrinfo& address = **found;
  Descriptor socket = open_socket(address.ai_family);
  if (!socket.is_open() || ::bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(socket.get(), backlog) != 0) {
    return unavailable("cannot listen at " + *host + " for other ranks", strerror(errno));
  }
  return socket;
}

HostPort endpoint_of(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  UNMASK_CHECK(::getsockname(socket.get(), generic, &bytes) == 0);
  return numeric(*generic, bytes);
}

Result<Descriptor> start_connecting(const HostPort& endpoint) {
  const Result<Address> found = address_of(endpoint);
  if (!found) return found.error();
  const addrinfo& address = **found;
  Descriptor socket = open_socket(address.ai_family);
  if (!socket.is_open() ||
      (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS)) {
    return unavailable(endpoint.to_string(), strerror(errno));
  }
  return socket;
}

}  // namespace unmask::rpc
