#pragma once

#include <string>
#include <vector>

#include "actors/messages.h"
#include "runtime/config/cluster_config.h"

namespace unmask::cli {

/// The processes that serve /metrics, as Prometheus' file_sd_configs take them:
///
///   [{"targets": ["127.0.0.1:1"], "labels": {"role": "worker", "replica": "0", "rank": "1"}}, ...]
///
/// A worker's rank is counted over all replicas; other roles have neither replica nor rank.
std::string prometheus_targets(const ClusterConfig& config,
                               const std::vector<actors::MemberStatus>& members);

}  // namespace unmask::cli
