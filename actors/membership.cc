#include "actors/membership.h"

#include <utility>

namespace unmask {

Membership::Membership(ActorContext& context, Env env, Options options, Peers peers)
    : Actor(context),
      env_(env),
      options_(std::move(options)),
      peers_(std::move(peers)),
      num_declared_dead_(
          env.metrics.counter("unmask_workers_declared_dead_total", "Workers declared dead.")),
      last_tick_(env.clock.now()) {
  groups_.resize(std::size_t(options_.num_replicas));
  for (int replica = 0; replica < options_.num_replicas; ++replica) {
    WorkerGroup& group = groups_[std::size_t(replica)];
    group.seats.resize(std::size_t(options_.group_size));
    for (int rank = 0; rank < options_.group_size; ++rank) {
      MemberStatus& status = group.seats[std::size_t(rank)].status;
      status.replica = replica;
      status.rank = rank;
      status.state = "absent";
    }
  }
  schedule_tick();
}

void Membership::on(Incoming<Join> join) {
  switch (join.message.role) {
    case Role::kGateway:
      return admit_gateway(join.from, join.message);
    case Role::kWorker:
      return admit_worker(join.from, join.message);
    case Role::kCoordinator:
      return send(join.from, Refused{{ErrorCode::kInvalidArgument,
                                      "this is the coordinator: another one cannot join it"}});
  }
}

std::optional<Error> Membership::mismatch(PeerId from, const Join& join) const {
  if (join.replica < 0 || join.replica >= options_.num_replicas || join.rank < 0 ||
      join.rank >= options_.group_size) {
    return Error{ErrorCode::kInvalidArgument,
                 "replica " + std::to_string(join.replica) + " rank " + std::to_string(join.rank) +
                     " is not in this cluster: it has " + std::to_string(options_.num_replicas) +
                     " replicas of " + std::to_string(options_.group_size) + " workers"};
  }
  const auto seat = seat_of_.find(from);
  const bool sits_elsewhere = seat != seat_of_.end() && (seat->second.replica != join.replica ||
                                                         seat->second.rank != join.rank);
  if (sits_elsewhere || gateways_.contains(from)) {
    return Error{ErrorCode::kInvalidArgument, "this process has another place in the cluster"};
  }
  if (std::optional<Error> fault = fault_of(join.capacity)) return fault;
  if (options_.model_digest != 0 && join.model_digest != options_.model_digest) {
    return Error{ErrorCode::kInvalidArgument,
                 "this worker holds another model than the cluster: compare --model on both hosts"};
  }
  if (!options_.numerics.empty() && join.numerics != options_.numerics) {
    return Error{ErrorCode::kInvalidArgument, "this worker computes in " + join.numerics +
                                                  ", the cluster in " + options_.numerics};
  }
  return std::nullopt;
}

void Membership::admit_worker(PeerId from, const Join& join) {
  std::optional<Error> error = mismatch(from, join);
  if (error) return send(from, Refused{std::move(*error)});
  WorkerSeat* seat = &seat_at({join.replica, join.rank});
  error = refusal(*seat, from, join);
  if (error) return send(from, Refused{std::move(*error)});
  if (seat->peer == from) return send(from, Welcome{epoch_, options_.heartbeat_interval});
  if (seat->peer) declare_dead(*seat->peer, "was replaced by a newer process", DownReason::kClosed);

  if (options_.model_digest == 0) options_.model_digest = join.model_digest;
  if (options_.numerics.empty()) options_.numerics = join.numerics;
  seat->peer = from;
  seat->loader.reset();
  seat->incarnation = join.incarnation;
  seat->was_declared_dead = false;
  seat->last_heard = env_.clock.now();
  seat->capacity = join.capacity;
  seat->status = {Role::kWorker, join.replica, join.rank, join.pid, join.host,
                  join.http,     "joining",    "",        1.0f};
  seat_of_[from] = {join.replica, join.rank};
  send(from, Welcome{epoch_, options_.heartbeat_interval});
  form_if_complete(join.replica);
  tell_members();
}

void Membership::admit_gateway(PeerId from, const Join& join) {
  const bool is_new = !gateways_.contains(from);
  if (seat_of_.contains(from) || (is_new && gateways_.size() >= options_.max_gateways)) {
    return send(from, Refused{{ErrorCode::kInvalidArgument,
                               "this cluster has " + std::to_string(gateways_.size()) +
                                   " gateways and takes at most " +
                                   std::to_string(options_.max_gateways)}});
  }
  gateways_[from] = {Role::kGateway, 0, 0, join.pid, join.host, join.http, "ready", "", 1.0f};
  send(from, Welcome{epoch_, options_.heartbeat_interval});
  tell_members();
}

void Membership::on(Incoming<Loading> loading) {
  const Loading& message = loading.message;
  if (message.role != Role::kWorker || message.replica < 0 ||
      message.replica >= options_.num_replicas || message.rank < 0 ||
      message.rank >= options_.group_size) {
    return;
  }
  WorkerSeat& seat = seat_at({message.replica, message.rank});
  if (seat.peer) return;  // somebody sits here; the newcomer's Join will settle it
  seat.loader = loading.from;
  const float progress = message.total > 0 ? float(message.done) / float(message.total) : 0.0f;
  seat.status = {Role::kWorker, message.replica, message.rank,  message.pid, message.host,
                 message.http,  "loading",       message.phase, progress};
  tell_members();
}

void Membership::on(Incoming<Heartbeat> heartbeat) {
  const auto seat = seat_of_.find(heartbeat.from);
  if (seat != seat_of_.end()) {
    seat_at(seat->second).last_heard = env_.clock.now();
  } else if (!gateways_.contains(heartbeat.from)) {
    return;  // not a member: no answer, so that it fences itself
  }
  send(heartbeat.from, HeartbeatAck{heartbeat.message.beat});
}

void Membership::form_if_complete(int replica) {
  WorkerGroup& group = groups_[std::size_t(replica)];
  if (group.state != WorkerGroup::State::kIncomplete || !group.is_complete()) return;
  group.epoch = ++epoch_;
  group.enter(WorkerGroup::State::kAddressing, env_.clock.now());
  for (int rank = 0; rank < options_.group_size; ++rank) {
    send(*group.seats[std::size_t(rank)].peer,
         FormGroup{group.epoch, replica, rank, options_.group_size});
  }
}

WorkerGroup* Membership::group_of(PeerId peer, Epoch epoch, WorkerGroup::State state) {
  const auto seat = seat_of_.find(peer);
  if (seat == seat_of_.end()) return nullptr;
  WorkerGroup& group = groups_[std::size_t(seat->second.replica)];
  return group.epoch == epoch && group.state == state ? &group : nullptr;
}

void Membership::on(Incoming<GroupAddress> address) {
  WorkerGroup* group =
      group_of(address.from, address.message.epoch, WorkerGroup::State::kAddressing);
  if (group == nullptr || address.message.address.empty()) return;
  group->addresses[std::size_t(seat_of_[address.from].rank)] = std::move(address.message.address);
  if (!group->has_all_addresses()) return;
  group->enter(WorkerGroup::State::kConnecting, env_.clock.now());
  for (const WorkerSeat& seat : group->seats) {
    send(*seat.peer, GroupAddresses{group->epoch, group->addresses});
  }
}

void Membership::on(Incoming<GroupReady> ready) {
  WorkerGroup* group = group_of(ready.from, ready.message.epoch, WorkerGroup::State::kConnecting);
  if (group == nullptr) return;
  const Seat seat = seat_of_[ready.from];
  group->is_ready[std::size_t(seat.rank)] = true;
  if (!group->has_all_ready()) return;
  group->enter(WorkerGroup::State::kUp, env_.clock.now());
  for (WorkerSeat& member : group->seats) member.status.state = "ready";
  tell_group(seat.replica);
  tell_members();
}

void Membership::on(Incoming<GroupFailed> failed) {
  const auto seat = seat_of_.find(failed.from);
  if (seat == seat_of_.end()) return;
  const Seat where = seat->second;
  if (groups_[std::size_t(where.replica)].epoch != failed.message.epoch) return;
  dissolve(where.replica,
           "worker " + std::to_string(where.rank) + ": " + failed.message.error.message);
}

void Membership::on(ReplicaBroken broken) {
  if (groups_[std::size_t(broken.replica)].epoch != broken.epoch) return;
  for (const PeerId peer : broken.silent) {
    declare_dead(peer, broken.reason, DownReason::kNoConnection);
  }
  dissolve(broken.replica, broken.reason);
}

void Membership::on(PeerDown down) {
  if (seat_of_.contains(down.peer)) {
    declare_dead(down.peer, "lost its connection", down.reason);
  } else if (gateways_.erase(down.peer) > 0 || has_stopped_loading(down.peer)) {
    tell_members();
  }
}

/// Whether `peer` was loading for a seat, which it will not take any more.
bool Membership::has_stopped_loading(PeerId peer) {
  for (WorkerGroup& group : groups_) {
    for (WorkerSeat& seat : group.seats) {
      if (seat.loader != peer) continue;
      seat.loader.reset();
      seat.status.state = "dead";
      return true;
    }
  }
  return false;
}

void Membership::dissolve(int replica, const std::string& reason) {
  WorkerGroup& group = groups_[std::size_t(replica)];
  if (group.state == WorkerGroup::State::kIncomplete) return;
  group.enter(WorkerGroup::State::kIncomplete, env_.clock.now());
  for (WorkerSeat& seat : group.seats) {
    if (!seat.peer) continue;
    seat.status.state = "joining";
    send(*seat.peer, LeaveGroup{group.epoch, reason});
  }
  group.reason = reason;
  env_.log.warning("a group is over", {{"replica", std::to_string(replica)}, {"why", reason}});
  tell_group(replica);
  tell_members();  // the next tick forms the group again, if all its workers live
}

void Membership::declare_dead(PeerId peer, const std::string& reason, DownReason down) {
  const auto found = seat_of_.find(peer);
  if (found == seat_of_.end()) return;
  const Seat where = found->second;
  seat_of_.erase(found);
  WorkerSeat& seat = seat_at(where);
  seat.peer.reset();
  seat.was_declared_dead = true;
  seat.status.state = "dead";
  num_declared_dead_.add();
  (void)peers_.disconnect.send(Disconnect{peer, down});
  dissolve(where.replica, "worker " + std::to_string(where.rank) + " of replica " +
                              std::to_string(where.replica) + " was declared dead: " + reason);
  tell_members();
}

void Membership::on(MembershipTick /*tick*/) {
  const Time now = env_.clock.now();
  const auto lag = now - last_tick_ - options_.heartbeat_interval;
  last_tick_ = now;
  // A stalled process must not shoot those whose heartbeats wait in its own mailbox.
  const bool is_late = lag > options_.loop_lag;

  std::vector<PeerId> silent;
  for (WorkerGroup& group : groups_) {
    for (WorkerSeat& seat : group.seats) {
      if (!seat.peer) continue;
      if (is_late) seat.last_heard += lag;
      if (now - seat.last_heard > options_.dead_after) silent.push_back(*seat.peer);
    }
  }
  for (const PeerId peer : silent) {
    declare_dead(peer, "no heartbeat for " + std::to_string(options_.dead_after.count()) + " ms",
                 DownReason::kNoConnection);
  }
  for (int replica = 0; replica < options_.num_replicas; ++replica) {
    const WorkerGroup& group = groups_[std::size_t(replica)];
    const bool is_forming = group.state == WorkerGroup::State::kAddressing ||
                            group.state == WorkerGroup::State::kConnecting;
    if (is_forming && now - group.since > options_.form_timeout) {
      dissolve(replica, "the group did not form in time");
    }
    form_if_complete(replica);
    tell_group(replica);
  }
  if (has_news_) tell_members();
  schedule_tick();
}

void Membership::send(PeerId to, WireMessage message) {
  // A member that cannot be reached is found by its silence.
  (void)peers_.wire.send(Outgoing{to, std::move(message)});
}

/// Makes the coordinator believe what is true of a group. What it had no room for is told with a
/// later tick, so that it always ends with the last word.
void Membership::tell_group(int replica) {
  WorkerGroup& group = groups_[std::size_t(replica)];
  const bool is_up = group.state == WorkerGroup::State::kUp;
  if (group.told && (!is_up || *group.told != group.epoch)) {
    if (!peers_.replica_down.send(ReplicaDown{replica, *group.told, group.reason})) return;
    group.told.reset();
  }
  if (!is_up || group.told) return;
  ReplicaUp up{replica, group.epoch, {}, group.capacity()};
  for (const WorkerSeat& seat : group.seats) up.workers.push_back(*seat.peer);
  if (peers_.replica_up.send(std::move(up))) group.told = group.epoch;
}

WorkerSeat& Membership::seat_at(Seat where) {
  return groups_[std::size_t(where.replica)].seats[std::size_t(where.rank)];
}

void Membership::tell_members() {
  MembersChanged changed{epoch_, {options_.self}};
  for (const auto& [peer, gateway] : gateways_) changed.members.push_back(gateway);
  for (const WorkerGroup& group : groups_) {
    for (const WorkerSeat& seat : group.seats) changed.members.push_back(seat.status);
  }
  has_news_ = !peers_.members_changed.send(std::move(changed));
}

void Membership::schedule_tick() { after(options_.heartbeat_interval, MembershipTick{}); }

}  // namespace unmask
