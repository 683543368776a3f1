#include "actors/worker/worker.h"

#include <chrono>
#include <utility>

#include "actors/histogram_bounds.h"
#include "actors/phase_names.h"

namespace unmask::actors {

Worker::Worker(ActorContext& context, Env env, Device& device, ActorRef<Outgoing> wire)
    : Actor(context),
      device_(device),
      wire_(std::move(wire)),
      num_stale_(env.metrics.counter("unmask_stale_messages_total",
                                     "Messages of an epoch that is over, dropped.")) {
  constexpr double kLongest = 3600;  // more than limits.step_timeout, which the coordinator watches
  for (std::size_t phase = 0; phase < forward_seconds_.size(); ++phase) {
    forward_seconds_[phase] = &env.metrics.histogram(
        "unmask_worker_forward_seconds",
        "Computing of one step on this worker without its collectives, by the phase of its first "
        "sequence.",
        bounds_up_to(.0005, kLongest), {{"phase", kPhaseNames[phase]}});
  }
}

void Worker::on(Incoming<FormGroup> form) {
  const FormGroup& message = form.message;
  if (group_ && message.epoch <= group_->epoch) return;
  if (group_) device_.abort(group_->epoch);
  coordinator_ = form.from;
  group_ = message;
  next_seq_ = 1;
  device_.prepare(message,
                  [self = ref<DevicePrepared>(), epoch = message.epoch](Result<Bytes> address) {
                    (void)self.send(DevicePrepared{epoch, std::move(address)});
                  });
}

void Worker::on(DevicePrepared prepared) {
  if (!group_ || group_->epoch != prepared.epoch) return;
  if (!prepared.address) return fail(prepared.epoch, prepared.address.error());
  send(GroupAddress{prepared.epoch, group_->rank, std::move(*prepared.address)});
}

void Worker::on(Incoming<GroupAddresses> addresses) {
  if (!is_current(addresses.from, addresses.message.epoch)) return;
  const Epoch epoch = addresses.message.epoch;
  device_.connect(epoch, std::move(addresses.message.addresses),
                  [self = ref<DeviceConnected>(), epoch](Result<> connected) {
                    (void)self.send(DeviceConnected{epoch, std::move(connected)});
                  });
}

void Worker::on(DeviceConnected connected) {
  if (!group_ || group_->epoch != connected.epoch) return;
  if (!connected.connected) return fail(connected.epoch, connected.connected.error());
  send(GroupReady{connected.epoch, group_->rank});
}

void Worker::on(Incoming<LeaveGroup> leave) {
  if (!group_ || group_->epoch != leave.message.epoch) return;
  device_.abort(group_->epoch);
}

void Worker::on(Incoming<Step> step) {
  if (!is_current(step.from, step.message.epoch)) return;
  if (step.message.seq != next_seq_) {
    return fail(step.message.epoch,
                Error{ErrorCode::kInternal, "step " + std::to_string(step.message.seq) +
                                                " came, expected " + std::to_string(next_seq_)});
  }
  ++next_seq_;
  const Epoch epoch = step.message.epoch;
  const Phase phase =
      step.message.sequences.empty() ? Phase::kDenoise : step.message.sequences.front().phase;
  device_.run(std::move(step.message), [self = ref<DeviceRan>(), epoch,
                                        next = phase](Result<StepResult> result) mutable {
    // A burst goes on with plain forwards.
    (void)self.send(DeviceRan{epoch, std::exchange(next, Phase::kDenoise), std::move(result)});
  });
}

void Worker::on(Incoming<EndBurst> end) {
  if (is_current(end.from, end.message.epoch)) device_.end_burst(end.message.seq);
}

void Worker::on(DeviceRan ran) {
  if (!group_ || group_->epoch != ran.epoch) return;
  if (!ran.result) return fail(ran.epoch, ran.result.error());
  StepResult& result = *ran.result;
  if (result.goes_on) ++next_seq_;
  forward_seconds_[std::size_t(ran.phase)]->observe(
      std::chrono::duration<double>(result.device_time).count());
  if (group_->rank != 0) result.sequences.clear();  // the digest tells whether they agree
  if (wire_.send(Outgoing{coordinator_, std::move(result)})) return;
  fail(ran.epoch, Error{ErrorCode::kInternal, "the answer to a step cannot be sent"});
}

void Worker::on(Incoming<Inspect> inspect) {
  if (!is_current(inspect.from, inspect.message.epoch)) return;
  device_.inspect(std::move(inspect.message),
                  [self = ref<Inspected>()](Inspected rows) { (void)self.send(std::move(rows)); });
}

void Worker::on(Inspected rows) {
  const bool answers = group_ && group_->rank == 0;
  const bool has_more = !rows.is_last;
  Inspected refused;
  refused.request = rows.request;
  if ((answers || rows.error) && wire_.send(Outgoing{coordinator_, std::move(rows)})) return;
  if (has_more) device_.inspect_more();  // nobody takes this piece
  if (!answers) return;
  refused.error = Error{ErrorCode::kUnavailable, "rows of this length cannot be sent"};
  send(std::move(refused));
}

void Worker::on(Incoming<InspectMore> more) {
  if (is_current(more.from, more.message.epoch)) device_.inspect_more();
}

bool Worker::is_current(PeerId from, Epoch epoch) {
  if (group_ && from == coordinator_ && group_->epoch == epoch) return true;
  num_stale_.add();
  return false;
}

void Worker::fail(Epoch epoch, Error error) {
  send(GroupFailed{epoch, group_->rank, std::move(error)});
}

void Worker::send(WireMessage message) {
  // If the link is gone the coordinator hears of it there, and this group is over.
  (void)wire_.send(Outgoing{coordinator_, std::move(message)});
}

}  // namespace unmask::actors
