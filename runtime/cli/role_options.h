/// What the configuration of a cluster means for the roles in it.

#pragma once

#include <string>

#include "runtime/cli/coordinator_role.h"
#include "runtime/cli/gateway_role.h"
#include "runtime/cli/process_host.h"
#include "runtime/cli/served_model.h"

namespace unmask::cli {

/// self: its own line in `unmask status`.
[[nodiscard]] CoordinatorRole::Options coordinator_options(const ClusterConfig& config,
                                                           const ServedModel& model,
                                                           MemberStatus self);

/// model: the name clients may ask for. self: of which host, http and pid are used.
[[nodiscard]] GatewayRole::Options gateway_options(const ClusterConfig& config,
                                                   const ProcessHost& host,
                                                   const std::string& model,
                                                   const MemberStatus& self);

[[nodiscard]] Member::Options worker_options(const ClusterConfig& config, const ProcessHost& host,
                                             const WorkerConfig& worker, const MemberStatus& self);

}  // namespace unmask::cli
