/// What the members of a cluster mean to whoever wants a job computed.

#pragma once

#include <span>
#include <string>

#include "actors/messages.h"

namespace unmask::actors {

/// What a member is at: "loading weights 40 %"; its state if it says no more.
[[nodiscard]] std::string doing(const MemberStatus& member);

/// Ready: all workers of at least one replica are. Otherwise the reason names those that are not:
/// "worker 1 (10.0.0.2): absent, worker 3 (10.0.0.4): loading weights 40 %", counted over all
/// replicas.
///
/// members  with the workers of a replica side by side, as many in each
/// hosts    of the workers, as they were configured; may be empty
[[nodiscard]] ServiceState service_state(std::span<const MemberStatus> members,
                                         std::span<const std::string> hosts);

}  // namespace unmask::actors
