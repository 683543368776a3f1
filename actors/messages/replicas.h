/// What Membership and the coordinator, who are one process, say to each other.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/messages/membership.h"
#include "actors/messages/status.h"
#include "runtime/base/ids.h"

namespace unmask::actors {

/// A replica can run steps: its group is formed.
struct ReplicaUp {
  std::int32_t replica = 0;
  Epoch epoch = 0;
  std::vector<PeerId> workers;  ///< by rank
  Capacity capacity;            ///< the least of all ranks
};
/// Steps of `epoch` are void; the group forms again when all its workers are back.
struct ReplicaDown {
  std::int32_t replica = 0;
  Epoch epoch = 0;
  std::string reason;
};
/// The coordinator found that a replica's answers cannot be trusted, or do not come.
struct ReplicaBroken {
  std::int32_t replica = 0;
  Epoch epoch = 0;
  std::vector<PeerId> silent;  ///< workers that did not answer; empty: all did
  std::string reason;
};
/// For `status` and metrics.
struct MembersChanged {
  Epoch epoch = 0;
  std::vector<MemberStatus> members;
  ServiceState service{};
};

}  // namespace unmask::actors
