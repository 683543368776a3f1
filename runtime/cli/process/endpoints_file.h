#pragma once

#include <string>

#include "actors/messages.h"
#include "runtime/config/cluster_config.h"

namespace unmask::cli {

/// Where everything of a running cluster listens, as JSON for scripts and for Prometheus:
///
///   {"client": "tcp://127.0.0.1:1", "processes": [{"role", "rank", "replica", "pid", "http"},
///   ...]}
///
/// A worker's rank is counted over all replicas, as for `unmask node --rank`.
std::string endpoints_json(const ClusterConfig& config, const std::string& client,
                           const std::vector<actors::MemberStatus>& members);

}  // namespace unmask::cli
