#include "actors/coordinator/inspector.h"

#include <algorithm>
#include <utility>

namespace unmask::actors {

Inspector::Inspector(ActorContext& context, Peers peers)
    : Actor(context), peers_(std::move(peers)) {}

void Inspector::on(Inspect inspect) {
  if (replicas_.empty()) {
    Inspected answer;
    answer.request = inspect.request;
    answer.error = Error{ErrorCode::kUnavailable, "no replica is up"};
    (void)peers_.inspected.send(std::move(answer));
    return;
  }
  const ReplicaUp& replica = replicas_.begin()->second;
  inspect.epoch = replica.epoch;
  for (const PeerId worker : replica.workers) (void)peers_.wire.send(Outgoing{worker, inspect});
}

void Inspector::on(Incoming<Inspected> rows) {
  const bool has_more = !rows.message.is_last && !rows.message.error;
  (void)peers_.inspected.send(std::move(rows.message));
  if (!has_more) return;
  for (const auto& [index, replica] : replicas_) {
    if (std::ranges::find(replica.workers, rows.from) == replica.workers.end()) continue;
    (void)peers_.wire.send(Outgoing{rows.from, InspectMore{replica.epoch}});
  }
}

void Inspector::on(ReplicaUp up) { replicas_[up.replica] = std::move(up); }

void Inspector::on(ReplicaDown down) {
  const auto found = replicas_.find(down.replica);
  if (found != replicas_.end() && found->second.epoch == down.epoch) replicas_.erase(found);
}

}  // namespace unmask::actors
