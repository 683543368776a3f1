#pragma once

#include <set>
#include <string>

#include "rpc/zmq/zmq_options.h"
#include "runtime/config/cluster_config.h"

namespace unmask::cli {

/// The keys of a process's sockets, read from the files that its configuration names; none if
/// security.curve is off.
///
/// Errors  kInvalidArgument, kNotFound naming the setting and the file; an address that must not be
///         open to the world
Result<rpc::ZmqOptions> coordinator_listener(const ClusterConfig& config);
Result<rpc::ZmqOptions> coordinator_dialer(const ClusterConfig& config);
Result<rpc::ZmqOptions> gateway_listener(const ClusterConfig& config);

/// Of clients who see the jobs of all.
Result<std::set<std::string>> operator_keys(const ClusterConfig& config);

}  // namespace unmask::cli
