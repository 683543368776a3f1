/// What the configuration of a cluster means for the roles in it.

#pragma once

#include <string>

#include "actors/role/coordinator_role.h"
#include "actors/role/gateway_role.h"
#include "runtime/cli/process/process_host.h"
#include "runtime/cli/process/served_model.h"

namespace unmask::cli {

/// self: for its own line in `unmask status`.
[[nodiscard]] actors::CoordinatorRole::Options coordinator_options(const ClusterConfig& config,
                                                                   const ServedModel& model,
                                                                   actors::ProcessIdentity self);

/// model: the name clients may ask for.
[[nodiscard]] actors::GatewayRole::Options gateway_options(const ClusterConfig& config,
                                                           const ProcessHost& host,
                                                           const std::string& model,
                                                           actors::ProcessIdentity self);

[[nodiscard]] actors::Member::Options member_options(const ClusterConfig& config,
                                                     const ProcessHost& host,
                                                     actors::ProcessIdentity self);

}  // namespace unmask::cli
