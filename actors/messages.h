/// What actors say to each other, inside a process and between processes. Values only; rpc/ knows
/// how each of them travels.

#pragma once

#include <variant>

#include "actors/messages/groups.h"
#include "actors/messages/jobs.h"
#include "actors/messages/membership.h"
#include "actors/messages/replicas.h"
#include "actors/messages/status.h"
#include "model/step.h"
#include "runtime/actor/transport.h"
#include "runtime/base/ids.h"

namespace unmask::actors {

/// Everything that may travel between processes.
using WireMessage =
    std::variant<Submit, Admit, Cancel, StopJob, Accepted, Queued, Committed, Frame, Traced,
                 Finished, Rejected, ListJobs, JobList, GetStatus, ClusterStatus, Join, Welcome,
                 JoinRejected, Loading, Heartbeat, HeartbeatAck, FormGroup, GroupAddress,
                 GroupAddresses, GroupReady, LeaveGroup, GroupFailed, Step, StepResult, Inspect,
                 Inspected, InspectMore, Attach, ServiceState, Leaving, EndBurst>;

/// To another process.
struct Outgoing {
  PeerId to = 0;
  WireMessage message;
};

/// From another process.
template <typename Message>
struct Incoming {
  PeerId from = 0;
  Message message;
};

/// A connection came up, or is gone for good.
struct PeerUp {
  PeerId peer = 0;
};
struct PeerDown {
  PeerId peer = 0;
  DownReason reason = DownReason::kClosed;
};

/// Close the connection: the peer broke the protocol or was declared dead.
struct Disconnect {
  PeerId peer = 0;
  DownReason reason = DownReason::kProtocol;
};

}  // namespace unmask::actors
