#include "rpc/zmq/zmq_endpoint.h"

#include "runtime/os/numeric_host.h"

namespace unmask::rpc {

Result<std::string> binding_endpoint(const HostPort& address) {
  const Result<std::string> host = numeric_host(address.host);
  if (!host) {
    return Error{host.error().code,
                 "cannot listen at " + address.to_string() + ": " + host.error().message};
  }
  return connecting_endpoint({*host, address.port});
}

std::string connecting_endpoint(const HostPort& address) { return "tcp://" + address.to_string(); }

Result<> check_exposure(const HostPort& address, bool has_curve, bool insecure) {
  if (has_curve || insecure || is_loopback(address.host)) return {};
  return Error{ErrorCode::kInvalidArgument,
               "whoever can reach " + address.to_string() +
                   " could do anything with this cluster: give it CURVE keys, listen at 127.0.0.1, "
                   "or say that it may be insecure"};
}

}  // namespace unmask::rpc
