#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/os/host_port.h"

namespace unmask::rpc {

/// Where libzmq shall bind. A name means its IPv4 address, if it has one, as it does to a dialer.
///
/// Errors  kUnavailable: no such host
Result<std::string> binding_endpoint(const HostPort& address);

/// What libzmq shall connect to; it looks up names at each attempt, so that a host may move.
std::string connecting_endpoint(const HostPort& address);

/// Whether something that is neither encrypted nor asks who comes may listen at `address`: only on
/// this machine, or with a word that the danger is known.
///
/// Errors  kInvalidArgument, naming the address and what to do
Result<> check_exposure(const HostPort& address, bool has_curve, bool insecure);

}  // namespace unmask::rpc
