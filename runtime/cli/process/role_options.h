/// What the configuration of a cluster means for the roles in it.

#pragma once

#include <string>

#include "actors/role/coordinator_role.h"
#include "actors/role/gateway_role.h"
#include "runtime/cli/process/process_host.h"
#include "runtime/cli/process/served_model.h"

namespace unmask::cli {

/// self: its own line in `unmask status`.
[[nodiscard]] actors::CoordinatorRole::Options coordinator_options(const ClusterConfig& config,
                                                                   const ServedModel& model,
                                                                   actors::MemberStatus self);

/// model: the name clients may ask for. self: of which host, http and pid are used.
[[nodiscard]] actors::GatewayRole::Options gateway_options(const ClusterConfig& config,
                                                           const ProcessHost& host,
                                                           const std::string& model,
                                                           const actors::MemberStatus& self);

[[nodiscard]] actors::Member::Options worker_options(const ClusterConfig& config,
                                                     const ProcessHost& host,
                                                     const WorkerConfig& worker,
                                                     const actors::MemberStatus& self);

}  // namespace unmask::cli
