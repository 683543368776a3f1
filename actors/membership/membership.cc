#include "actors/membership/membership.h"

#include <utility>

#include "actors/membership/service_state.h"

namespace unmask::actors {

Membership::Membership(ActorContext& context, Env env, Options options, Peers peers)
    : Actor(context),
      env_(env),
      options_(std::move(options)),
      peers_(std::move(peers)),
      num_declared_dead_(
          env.metrics.counter("unmask_workers_declared_dead_total", "Workers declared dead.")),
      detector_({.dead_after = options_.dead_after}) {
  for (std::size_t reason = 1; reason < num_restarts_.size(); ++reason) {
    num_restarts_[reason] = &env_.metrics.counter(
        "unmask_worker_restarts_total", "Workers that were started again, by why they had ended.",
        {{"reason", name_of(EndReason(reason))}});
  }
  if (peers_.begin_anew) peers_.begin_anew();
  groups_.resize(std::size_t(options_.num_replicas));
  for (int replica = 0; replica < options_.num_replicas; ++replica) {
    WorkerGroup& group = groups_[std::size_t(replica)];
    group.slots.resize(std::size_t(options_.group_size));
    for (int rank = 0; rank < options_.group_size; ++rank) {
      MemberStatus& status = group.slots[std::size_t(rank)].status;
      status.process.slot = {Role::kWorker, replica, rank};
      status.state = "absent";
    }
  }
  schedule_tick();
}

void Membership::on(Incoming<Join> join) {
  switch (join.message.process.slot.role) {
    case Role::kGateway:
      return admit_gateway(join.from, join.message);
    case Role::kWorker:
      return admit_worker(join.from, join.message);
    case Role::kCoordinator:
      return send(join.from, JoinRejected{{ErrorCode::kInvalidArgument,
                                           "this is the coordinator: another one cannot join it"}});
  }
}

std::optional<Error> Membership::mismatch(PeerId from, const Join& join) const {
  const Slot& wanted = join.process.slot;
  if (!is_in_cluster(wanted)) {
    return Error{ErrorCode::kInvalidArgument,
                 "replica " + std::to_string(wanted.replica) + " rank " +
                     std::to_string(wanted.rank) + " is not in this cluster: it has " +
                     std::to_string(options_.num_replicas) + " replicas of " +
                     std::to_string(options_.group_size) + " workers"};
  }
  const auto slot = slot_of_.find(from);
  const bool is_elsewhere = slot != slot_of_.end() && slot->second != wanted;
  if (is_elsewhere || gateways_.contains(from)) {
    return Error{ErrorCode::kInvalidArgument, "this process has another place in the cluster"};
  }
  if (std::optional<Error> fault = capacity_error(join.capacity)) return fault;
  if (options_.model_digest != 0 && join.model_digest != options_.model_digest) {
    return Error{ErrorCode::kInvalidArgument,
                 "this worker holds another model than the cluster: compare --model on both hosts"};
  }
  if (!options_.numerics.empty() && join.numerics != options_.numerics) {
    return Error{ErrorCode::kInvalidArgument, "this worker computes in " + join.numerics +
                                                  ", the cluster in " + options_.numerics};
  }
  return class_mismatch(join);
}

std::optional<Error> Membership::class_mismatch(const Join& join) const {
  const std::string own = "this worker computes as " + join.numeric_class + ", the ";
  if (options_.needs_one_numeric_class && numeric_class_ && join.numeric_class != *numeric_class_) {
    return Error{ErrorCode::kInvalidArgument,
                 own + "cluster's first one as " + *numeric_class_ +
                     ", and under numerics=exact all give the same bytes: start them with the same "
                     "--device and --instructions, and the coordinator anew if those are not the "
                     "first one's"};
  }
  const Slot& wanted = join.process.slot;
  const std::optional<std::string> others =
      groups_[std::size_t(wanted.replica)].numeric_class_without(wanted.rank);
  if (others && join.numeric_class != *others) {
    return Error{ErrorCode::kInvalidArgument,
                 own + "others of its replica as " + *others +
                     ": start all workers of a replica with the same --device and --instructions, "
                     "on GPUs of one kind"};
  }
  return std::nullopt;
}

void Membership::admit_worker(PeerId from, const Join& join) {
  std::optional<Error> error = mismatch(from, join);
  if (error) return send(from, JoinRejected{std::move(*error)});
  WorkerSlot* slot = &slot_at(join.process.slot);
  error = join_error(*slot, from, join);
  if (error) return send(from, JoinRejected{std::move(*error)});
  if (slot->peer == from) return send(from, Welcome{epoch_, options_.heartbeat_interval});
  if (slot->peer) declare_dead(*slot->peer, "was replaced by a newer process", DownReason::kClosed);

  if (options_.model_digest == 0) options_.model_digest = join.model_digest;
  if (options_.numerics.empty()) options_.numerics = join.numerics;
  if (!numeric_class_) numeric_class_ = join.numeric_class;
  if (const EndReason last_end = join.process.last_end; last_end != EndReason::kNone) {
    num_restarts_[std::size_t(last_end)]->add();
    env_.log.info("a worker is back", {{"worker", std::to_string(join.process.slot.rank)},
                                       {"replica", std::to_string(join.process.slot.replica)},
                                       {"ended_by", std::string(name_of(last_end))},
                                       {"why", join.process.last_words}});
  }
  slot->peer = from;
  slot->loader.reset();
  slot->incarnation = join.incarnation;
  detector_.hear(from, env_.clock.now());
  slot->capacity = join.capacity;
  slot->numeric_class = join.numeric_class;
  slot->status = {join.process, "joining", "", 1.0f};
  slot_of_[from] = join.process.slot;
  send(from, Welcome{epoch_, options_.heartbeat_interval});
  form_if_complete(join.process.slot.replica);
  publish_members();
}

void Membership::admit_gateway(PeerId from, const Join& join) {
  const bool is_new = !gateways_.contains(from);
  if (slot_of_.contains(from) || (is_new && gateways_.size() >= options_.max_gateways)) {
    return send(from, JoinRejected{{ErrorCode::kInvalidArgument,
                                    "this cluster has " + std::to_string(gateways_.size()) +
                                        " gateways and takes at most " +
                                        std::to_string(options_.max_gateways)}});
  }
  gateways_[from] = {join.process, "ready", "", 1.0f};
  send(from, Welcome{epoch_, options_.heartbeat_interval});
  send(from, service_);
  publish_members();
}

void Membership::on(Incoming<Loading> loading) {
  const Loading& message = loading.message;
  if (message.process.slot.role != Role::kWorker || !is_in_cluster(message.process.slot)) return;
  WorkerSlot& slot = slot_at(message.process.slot);
  if (slot.peer) return;  // it is taken; the other process's Join will decide
  slot.loader = loading.from;
  const float progress = message.total > 0 ? float(message.done) / float(message.total) : 0.0f;
  slot.status = {message.process, "loading", message.phase, progress};
  publish_members();
}

void Membership::on(Incoming<Heartbeat> heartbeat) {
  const auto slot = slot_of_.find(heartbeat.from);
  if (slot != slot_of_.end()) {
    detector_.hear(heartbeat.from, env_.clock.now());
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
    send(*group.slots[std::size_t(rank)].peer,
         FormGroup{group.epoch, replica, rank, options_.group_size});
  }
}

WorkerGroup* Membership::group_of(PeerId peer, Epoch epoch, WorkerGroup::State state) {
  const auto slot = slot_of_.find(peer);
  if (slot == slot_of_.end()) return nullptr;
  WorkerGroup& group = groups_[std::size_t(slot->second.replica)];
  return group.epoch == epoch && group.state == state ? &group : nullptr;
}

void Membership::on(Incoming<GroupAddress> address) {
  WorkerGroup* group =
      group_of(address.from, address.message.epoch, WorkerGroup::State::kAddressing);
  if (group == nullptr || address.message.address.empty()) return;
  group->addresses[std::size_t(slot_of_[address.from].rank)] = std::move(address.message.address);
  if (!group->has_all_addresses()) return;
  group->enter(WorkerGroup::State::kConnecting, env_.clock.now());
  for (const WorkerSlot& slot : group->slots) {
    send(*slot.peer, GroupAddresses{group->epoch, group->addresses});
  }
}

void Membership::on(Incoming<GroupReady> ready) {
  WorkerGroup* group = group_of(ready.from, ready.message.epoch, WorkerGroup::State::kConnecting);
  if (group == nullptr) return;
  const Slot slot = slot_of_[ready.from];
  group->is_ready[std::size_t(slot.rank)] = true;
  if (!group->has_all_ready()) return;
  group->enter(WorkerGroup::State::kUp, env_.clock.now());
  for (WorkerSlot& member : group->slots) member.status.state = "ready";
  publish_group(slot.replica);
  publish_members();
}

void Membership::on(Incoming<GroupFailed> failed) {
  const auto slot = slot_of_.find(failed.from);
  if (slot == slot_of_.end()) return;
  const Slot where = slot->second;
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

void Membership::on(Incoming<Leaving> leaving) {
  const auto found = slot_of_.find(leaving.from);
  if (found == slot_of_.end()) return;
  const Slot where = found->second;
  slot_of_.erase(found);
  detector_.forget(leaving.from);
  WorkerSlot& slot = slot_at(where);
  slot.peer.reset();
  slot.status = {};
  slot.status.process.slot = where;
  slot.status.state = "absent";
  const std::string reason = "worker " + std::to_string(where.rank) + " of replica " +
                             std::to_string(where.replica) + " left: " + leaving.message.reason;
  env_.log.info("a worker leaves", {{"why", reason}});
  end_group(where.replica, reason);
  publish_members();
}

void Membership::on(PeerDown down) {
  if (slot_of_.contains(down.peer)) {
    declare_dead(down.peer, "lost its connection", down.reason);
  } else if (gateways_.erase(down.peer) > 0 || has_stopped_loading(down.peer)) {
    publish_members();
  }
}

/// Whether `peer` was loading for a slot, which it will not take any more.
bool Membership::has_stopped_loading(PeerId peer) {
  for (WorkerGroup& group : groups_) {
    for (WorkerSlot& slot : group.slots) {
      if (slot.loader != peer) continue;
      slot.loader.reset();
      slot.status.state = "dead";
      return true;
    }
  }
  return false;
}

void Membership::dissolve(int replica, const std::string& reason) {
  if (groups_[std::size_t(replica)].state == WorkerGroup::State::kIncomplete) return;
  env_.log.warning("a group is over", {{"replica", std::to_string(replica)}, {"why", reason}});
  end_group(replica, reason);
}

void Membership::end_group(int replica, const std::string& reason) {
  WorkerGroup& group = groups_[std::size_t(replica)];
  if (group.state == WorkerGroup::State::kIncomplete) return;
  group.enter(WorkerGroup::State::kIncomplete, env_.clock.now());
  for (WorkerSlot& slot : group.slots) {
    if (!slot.peer) continue;
    slot.status.state = "joining";
    send(*slot.peer, LeaveGroup{group.epoch, reason});
  }
  group.reason = reason;
  publish_group(replica);
  publish_members();  // the next tick forms the group again, if all its workers live
}

void Membership::declare_dead(PeerId peer, const std::string& reason, DownReason down) {
  const auto found = slot_of_.find(peer);
  if (found == slot_of_.end()) return;
  const Slot where = found->second;
  slot_of_.erase(found);
  detector_.forget(peer);
  WorkerSlot& slot = slot_at(where);
  slot.declare_dead();
  num_declared_dead_.add();
  (void)peers_.disconnect.send(Disconnect{peer, down});
  dissolve(where.replica, "worker " + std::to_string(where.rank) + " of replica " +
                              std::to_string(where.replica) + " was declared dead: " + reason);
  publish_members();
}

void Membership::on(ServiceEnds /*ends*/) {
  is_service_over_ = true;
  publish_members();
}

void Membership::on(MembershipTick /*tick*/) {
  const Time now = env_.clock.now();
  for (const PeerId peer : detector_.silent(now)) {
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
    publish_group(replica);
  }
  if (has_unpublished_members_) publish_members();
  schedule_tick();
}

void Membership::send(PeerId to, WireMessage message) {
  // A member that cannot be reached is found by its silence.
  (void)peers_.wire.send(Outgoing{to, std::move(message)});
}

/// Publishes the state of a group to the coordinator. What it had no room for is sent with a
/// later tick, so that it always ends with the last word.
void Membership::publish_group(int replica) {
  WorkerGroup& group = groups_[std::size_t(replica)];
  const bool is_up = group.state == WorkerGroup::State::kUp;
  if (group.published && (!is_up || *group.published != group.epoch)) {
    if (!peers_.replica_down.send(ReplicaDown{replica, *group.published, group.reason})) return;
    group.published.reset();
  }
  if (!is_up || group.published) return;
  ReplicaUp up{replica, group.epoch, {}, group.capacity()};
  for (const WorkerSlot& slot : group.slots) up.workers.push_back(*slot.peer);
  if (peers_.replica_up.send(std::move(up))) group.published = group.epoch;
}

bool Membership::is_in_cluster(Slot slot) const {
  return slot.replica >= 0 && slot.replica < options_.num_replicas && slot.rank >= 0 &&
         slot.rank < options_.group_size;
}

WorkerSlot& Membership::slot_at(Slot where) {
  return groups_[std::size_t(where.replica)].slots[std::size_t(where.rank)];
}

void Membership::publish_members() {
  MembersChanged changed{epoch_, {options_.self}};
  for (const auto& [peer, gateway] : gateways_) changed.members.push_back(gateway);
  for (const WorkerGroup& group : groups_) {
    for (const WorkerSlot& slot : group.slots) changed.members.push_back(slot.status);
  }
  publish_service(changed.members);
  changed.service = service_;
  has_unpublished_members_ = !peers_.members_changed.send(std::move(changed));
}

void Membership::publish_service(const std::vector<MemberStatus>& members) {
  ServiceState now = is_service_over_ ? ServiceState{false, "the coordinator is draining"}
                                      : service_state(members, options_.hosts);
  if (now == service_) return;
  service_ = std::move(now);
  for (const auto& [peer, gateway] : gateways_) send(peer, service_);
}

void Membership::schedule_tick() { after(options_.heartbeat_interval, MembershipTick{}); }

}  // namespace unmask::actors
