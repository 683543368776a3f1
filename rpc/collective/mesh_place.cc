#include "rpc/collective/mesh_place.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "runtime/base/check.h"

namespace unmask {
namespace {

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Error invalid(std::string what) { return {ErrorCode::kInvalidArgument, std::move(what)}; }
Error unavailable(const std::string& what, const char* why) {
  return {ErrorCode::kUnavailable, what + ": " + why};
}

/// Not empty; the first one is meant.
Result<Addresses> look_up(const HostPort& endpoint, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (failure != 0) return unavailable(endpoint.to_string(), gai_strerror(failure));
  return Addresses(found, freeaddrinfo);
}

HostPort numeric(const sockaddr* address, socklen_t bytes) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  UNMASK_CHECK(getnameinfo(address, bytes, host.data(), host.size(), port.data(), port.size(),
                           NI_NUMERICHOST | NI_NUMERICSERV) == 0);
  HostPort endpoint{host.data(), 0};
  std::from_chars(port.data(), port.data() + std::strlen(port.data()), endpoint.port);
  return endpoint;
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
      return numeric(entry->ifa_addr,
                     family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6))
          .host;
    }
  }
  return invalid("this machine has no network interface \"" + interface + "\" with an address");
}

Descriptor open_socket(int family) {
  return Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

}  // namespace

Result<Descriptor> listen_at(const MeshPlace& place, int backlog) {
  const Result<std::string> host = place.interface.empty() ? place.host : host_of(place.interface);
  if (!host) return host.error();
  if (*host == "0.0.0.0" || *host == "::") {
    return invalid(*host + " is no address at which other ranks can reach this one");
  }
  const Result<Addresses> found = look_up({*host, 0}, 0);
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
  return numeric(generic, bytes);
}

Result<Descriptor> start_connecting(const HostPort& endpoint) {
  const Result<Addresses> found = look_up(endpoint, AI_NUMERICHOST);
  if (!found) return invalid(found.error().message);
  const addrinfo& address = **found;
  Descriptor socket = open_socket(address.ai_family);
  if (!socket.is_open() ||
      (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS)) {
    return unavailable(endpoint.to_string(), strerror(errno));
  }
  return socket;
}

}  // namespace unmask
