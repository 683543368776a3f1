/// What is asked of a cluster's configuration on one of its machines.

#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cli/doctor/check.h"
#include "runtime/cli/process/served_model.h"
#include "runtime/config/cluster_config.h"

namespace unmask::cli {

/// Where a process of the cluster will listen.
struct ListenedAddress {
  std::string who;  ///< "coordinator"
  HostPort at;      ///< port 0: any free one

  friend bool operator==(const ListenedAddress&, const ListenedAddress&) = default;
};

/// Of all processes, each address once.
[[nodiscard]] std::vector<ListenedAddress> listened_addresses(const ClusterConfig& config);

/// listened: what try_listen() said of it. Another machine's address is no problem.
[[nodiscard]] Check check_address(const ListenedAddress& address, const Result<>& listened);

/// The model that is to be served, and a note for each warning about it.
[[nodiscard]] std::vector<Check> check_model(const Result<ServedModel>& model);

/// Where a worker of this machine computes, and whether the model fits there.
///
/// report: as memory_report() says
[[nodiscard]] Check check_memory_plan(const Result<std::vector<std::string>>& report);

}  // namespace unmask::cli
