#pragma once

#include <map>

#include "actors/messages.h"
#include "runtime/actor/actor.h"

namespace unmask::actors {

/// Forwards for tools: all logits of one canvas, computed by the workers beside the jobs.
///
/// Receives   Inspect from this process; Inspected from workers; ReplicaUp, ReplicaDown, as often
///            as they are sent
/// Sends      Inspect, InspectMore to workers; Inspected to who asked
/// Invariant  a worker has at most one piece under way for which no InspectMore was sent
class Inspector final
    : public Actor<Inspector, Inspect, Incoming<Inspected>, ReplicaUp, ReplicaDown> {
 public:
  struct Peers {
    ActorRef<Outgoing> wire;
    ActorRef<Inspected> inspected;  ///< answers to Inspect
  };

  Inspector(ActorContext& context, Peers peers);

  void on(Inspect inspect);
  void on(Incoming<Inspected> rows);
  void on(ReplicaUp up);
  void on(ReplicaDown down);

 private:
  const Peers peers_;
  std::map<std::int32_t, ReplicaUp> replicas_;  ///< those that are up
};

}  // namespace unmask::actors
