#pragma once

#include <string>

#include "runtime/base/descriptor.h"
#include "runtime/base/result.h"
#include "runtime/os/host_port.h"

namespace unmask::rpc {

/// Where a rank listens for the others: at a host's address, or at that of a network interface.
struct MeshPlace {
  std::string host = "127.0.0.1";
  std::string interface {};  ///< if not empty, instead of the host
};

/// A socket that listens there, at a free port, and never blocks.
///
/// Errors  kInvalidArgument: no such interface, or an address that names no machine; kUnavailable;
/// both name the place
Result<Descriptor> listen_at(const MeshPlace& place, int backlog);

/// Its numeric host and port.
HostPort endpoint_of(const Descriptor& socket);

/// A socket that connects, or will; never blocks. `endpoint` is numeric.
///
/// Errors  kInvalidArgument: not numeric; kUnavailable
Result<Descriptor> start_connecting(const HostPort& endpoint);

}  // namespace unmask::rpc
