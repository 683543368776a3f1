#include "actors/membership/member.h"

#include <utility>

namespace unmask::actors {

Member::Member(ActorContext& context, Env env, Options options, ActorRef<Outgoing> wire,
               Leave leave)
    : Actor(context),
      env_(env),
      options_(std::move(options)),
      wire_(std::move(wire)),
      leave_(std::move(leave)),
      last_heard_(env.clock.now()) {
  schedule_tick();
}

void Member::on(Loaded loaded) {
  loaded_ = std::move(loaded);
  join();
}

void Member::on(LoadingProgress progress) {
  send(Loading{options_.process, std::move(progress.phase), progress.done, progress.total});
}

void Member::on(PeerUp up) {
  coordinator_ = up.peer;
  join();
}

void Member::on(PeerDown down) {
  if (coordinator_ != down.peer) return;
  coordinator_.reset();
  const bool had_joined = std::exchange(has_joined_, false);
  if (had_joined && options_.process.slot.role == Role::kWorker) {
    leave(Error{ErrorCode::kUnavailable, "lost the connection to the coordinator"});
  }
}

void Member::join() {
  if (!coordinator_ || !loaded_) return;
  send(Join{options_.process, options_.incarnation, loaded_->model_digest, loaded_->numerics,
            loaded_->numeric_class, loaded_->capacity});
}

void Member::on(Incoming<Welcome> welcome) {
  interval_ = welcome.message.heartbeat_interval;
  has_joined_ = true;
  beats_.clear();
  last_heard_ = env_.clock.now();
}

void Member::on(Incoming<JoinRejected> refused) { leave(std::move(refused.message.error)); }

void Member::on(Incoming<HeartbeatAck> ack) {
  // The coordinator counts from when the beat arrived. An answer may be long on its way, so its
  // own arrival says nothing.
  while (!beats_.empty() && beats_.front().first <= ack.message.beat) {
    last_heard_ = beats_.front().second;
    beats_.pop_front();
  }
}

void Member::on(Depart depart) {
  send(Leaving{std::move(depart.reason)});
  has_left_ = true;
  has_joined_ = false;
}

void Member::on(MemberTick /*tick*/) {
  const Time now = env_.clock.now();
  if (has_joined_) {
    const bool is_worker = options_.process.slot.role == Role::kWorker;
    if (is_worker && now - last_heard_ > options_.self_fence) {
      return leave(
          Error{ErrorCode::kUnavailable, "the coordinator has not answered a heartbeat for " +
                                             std::to_string(options_.self_fence.count()) + " ms"});
    }
    if (beats_.size() == kMaxBeats) beats_.pop_front();
    beats_.emplace_back(++beat_, now);
    send(Heartbeat{beat_});
  }
  if (!has_left_) schedule_tick();
}

void Member::leave(Error error) {
  if (has_left_) return;
  has_left_ = true;
  has_joined_ = false;
  leave_(std::move(error));
}

void Member::send(WireMessage message) {
  if (has_left_ || !coordinator_) return;
  (void)wire_.send(Outgoing{*coordinator_, std::move(message)});  // a lost one shows as silence
}

void Member::schedule_tick() { after(interval_, MemberTick{}); }

}  // namespace unmask::actors
