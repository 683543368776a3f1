#pragma once

#include <array>
#include <optional>

#include "actors/messages.h"
#include "actors/worker/device.h"
#include "runtime/actor/actor.h"
#include "runtime/actor/env.h"

namespace unmask::actors {

/// What the device answered, brought back to the worker's mailbox.
struct DevicePrepared {
  Epoch epoch = 0;
  Result<Bytes> address;
};
struct DeviceConnected {
  Epoch epoch = 0;
  Result<> connected;
};
struct DeviceRan {
  Epoch epoch = 0;
  Phase phase = Phase::kDenoise;  ///< of the step's first sequence, for metrics
  Result<StepResult> result;
};

/// Owns one device: its shard of the weights, its KV pages and its rank in the group.
///
/// Receives   FormGroup, GroupAddresses, LeaveGroup, Step, EndBurst, Inspect, InspectMore from the
/// coordinator;
///            what the device answers
/// Sends      GroupAddress, GroupReady, GroupFailed, StepResult, Inspected
/// Invariant  works for one epoch at a time; what carries another is dropped and counted
class Worker final
    : public Actor<Worker, Incoming<FormGroup>, Incoming<GroupAddresses>, Incoming<LeaveGroup>,
                   Incoming<Step>, Incoming<EndBurst>, Incoming<Inspect>, Incoming<InspectMore>,
                   DevicePrepared, DeviceConnected, DeviceRan, Inspected> {
 public:
  Worker(ActorContext& context, Env env, Device& device, ActorRef<Outgoing> wire);

  void on(Incoming<FormGroup> form);
  void on(Incoming<GroupAddresses> addresses);
  void on(Incoming<LeaveGroup> leave);
  void on(Incoming<Step> step);
  void on(Incoming<EndBurst> end);
  void on(Incoming<Inspect> inspect);
  void on(Incoming<InspectMore> more);
  void on(DevicePrepared prepared);
  void on(DeviceConnected connected);
  void on(DeviceRan ran);
  void on(Inspected rows);

 private:
  void send(WireMessage message);
  void fail(Epoch epoch, Error error);
  [[nodiscard]] bool is_current(PeerId from, Epoch epoch);

  Device& device_;
  const ActorRef<Outgoing> wire_;
  Counter& num_stale_;
  std::array<Histogram*, 4> forward_seconds_;  // by Phase
  PeerId coordinator_ = 0;
  std::optional<FormGroup> group_;
  std::uint64_t next_seq_ = 1;
};

}  // namespace unmask::actors
