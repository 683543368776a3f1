#pragma once

#include <sys/socket.h>

#include <string>

#include "runtime/base/result.h"
#include "runtime/os/host_port.h"

namespace unmask {

/// The address of a host in digits; of a name its IPv4 address, if it has one, so that who listens
/// at it and who dials it mean the same. Waits for the resolver.
///
/// Errors  kUnavailable: why there is none; the caller names the host
Result<std::string> numeric_host(const std::string& host);

/// A socket's address in digits.
HostPort numeric(const sockaddr& address, socklen_t num_bytes);

}  // namespace unmask
