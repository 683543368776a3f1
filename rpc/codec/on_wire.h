/// What the two ends must know of each message, in one place: its number on the wire, the struct of
/// the schema that carries it, and its limits. Private to the codec.
///
/// A new message gets the next free number. A number is never used again: older programs would
/// read something else under it.

#pragma once

#include <cstddef>

#include "actors/messages.h"
#include "rpc/codec/codec.h"
#include "rpc/protocol.capnp.h"

namespace unmask::rpc::codec {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

/// `Schema` is the root of its body.
template <typename Schema>
struct CarriedBy {
  using Struct = Schema;
};

/// Has `Struct` and `kTraits` for every message that travels.
template <typename Message>
struct OnWire;

template <>
struct OnWire<actors::Submit> : CarriedBy<wire::Submit> {
  static constexpr MessageTraits kTraits{.type = 1, .name = "Submit", .max_bytes = kMiB};
};
template <>
struct OnWire<actors::Admit> : CarriedBy<wire::Admit> {
  static constexpr MessageTraits kTraits{.type = 2, .name = "Admit", .max_bytes = kMiB};
};
template <>
struct OnWire<actors::Cancel> : CarriedBy<wire::JobRef> {
  static constexpr MessageTraits kTraits{.type = 3, .name = "Cancel", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::StopJob> : CarriedBy<wire::JobRef> {
  static constexpr MessageTraits kTraits{.type = 4, .name = "StopJob", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::Accepted> : CarriedBy<wire::Accepted> {
  static constexpr MessageTraits kTraits{.type = 5, .name = "Accepted", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::Queued> : CarriedBy<wire::Queued> {
  static constexpr MessageTraits kTraits{.type = 6, .name = "Queued", .max_bytes = 4 * kKiB};
};
template <>
struct OnWire<actors::Committed> : CarriedBy<wire::Committed> {
  static constexpr MessageTraits kTraits{.type = 7, .name = "Committed", .max_bytes = 4 * kMiB};
};
template <>
struct OnWire<actors::Frame> : CarriedBy<wire::Frame> {
  static constexpr MessageTraits kTraits{
      .type = 8, .name = "Frame", .max_bytes = kMiB, .is_lossy = true};
};
template <>
struct OnWire<actors::Traced> : CarriedBy<wire::Traced> {
  static constexpr MessageTraits kTraits{.type = 9, .name = "Traced", .max_bytes = 4 * kMiB};
};
template <>
struct OnWire<actors::Finished> : CarriedBy<wire::Finished> {
  static constexpr MessageTraits kTraits{.type = 10, .name = "Finished", .max_bytes = 4 * kMiB};
};
template <>
struct OnWire<actors::Rejected> : CarriedBy<wire::Rejected> {
  static constexpr MessageTraits kTraits{.type = 11, .name = "Rejected", .max_bytes = 64 * kKiB};
};
template <>
struct OnWire<actors::ListJobs> : CarriedBy<wire::Question> {
  static constexpr MessageTraits kTraits{.type = 12, .name = "ListJobs", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::JobList> : CarriedBy<wire::JobList> {
  static constexpr MessageTraits kTraits{.type = 13, .name = "JobList", .max_bytes = 4 * kMiB};
};
template <>
struct OnWire<actors::GetStatus> : CarriedBy<wire::Question> {
  static constexpr MessageTraits kTraits{.type = 14, .name = "GetStatus", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::ClusterStatus> : CarriedBy<wire::ClusterStatus> {
  static constexpr MessageTraits kTraits{.type = 15, .name = "ClusterStatus", .max_bytes = kMiB};
};
template <>
struct OnWire<actors::Join> : CarriedBy<wire::Join> {
  static constexpr MessageTraits kTraits{
      .type = 16, .name = "Join", .max_bytes = 64 * kKiB, .is_urgent = true};
};
template <>
struct OnWire<actors::Welcome> : CarriedBy<wire::Welcome> {
  static constexpr MessageTraits kTraits{
      .type = 17, .name = "Welcome", .max_bytes = kKiB, .is_urgent = true};
};
template <>
struct OnWire<actors::JoinRejected> : CarriedBy<wire::JoinRejected> {
  static constexpr MessageTraits kTraits{
      .type = 18, .name = "JoinRejected", .max_bytes = 64 * kKiB, .is_urgent = true};
};
template <>
struct OnWire<actors::Loading> : CarriedBy<wire::Loading> {
  static constexpr MessageTraits kTraits{
      .type = 19, .name = "Loading", .max_bytes = 64 * kKiB, .is_lossy = true, .is_urgent = true};
};
template <>
struct OnWire<actors::Heartbeat> : CarriedBy<wire::Beat> {
  static constexpr MessageTraits kTraits{
      .type = 20, .name = "Heartbeat", .max_bytes = kKiB, .is_lossy = true, .is_urgent = true};
};
template <>
struct OnWire<actors::HeartbeatAck> : CarriedBy<wire::Beat> {
  static constexpr MessageTraits kTraits{
      .type = 21, .name = "HeartbeatAck", .max_bytes = kKiB, .is_lossy = true, .is_urgent = true};
};
template <>
struct OnWire<actors::FormGroup> : CarriedBy<wire::FormGroup> {
  static constexpr MessageTraits kTraits{.type = 22, .name = "FormGroup", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::GroupAddress> : CarriedBy<wire::GroupAddress> {
  static constexpr MessageTraits kTraits{
      .type = 23, .name = "GroupAddress", .max_bytes = 128 * kKiB};
};
template <>
struct OnWire<actors::GroupAddresses> : CarriedBy<wire::GroupAddresses> {
  static constexpr MessageTraits kTraits{
      .type = 24, .name = "GroupAddresses", .max_bytes = 4 * kMiB};
};
template <>
struct OnWire<actors::GroupReady> : CarriedBy<wire::GroupReady> {
  static constexpr MessageTraits kTraits{.type = 25, .name = "GroupReady", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::LeaveGroup> : CarriedBy<wire::LeaveGroup> {
  static constexpr MessageTraits kTraits{.type = 26, .name = "LeaveGroup", .max_bytes = 64 * kKiB};
};
template <>
struct OnWire<actors::GroupFailed> : CarriedBy<wire::GroupFailed> {
  static constexpr MessageTraits kTraits{.type = 27, .name = "GroupFailed", .max_bytes = 64 * kKiB};
};
template <>
struct OnWire<Step> : CarriedBy<wire::Step> {
  static constexpr MessageTraits kTraits{.type = 28, .name = "Step", .max_bytes = 4 * kMiB};
};
template <>
struct OnWire<StepResult> : CarriedBy<wire::StepResult> {
  static constexpr MessageTraits kTraits{.type = 29, .name = "StepResult", .max_bytes = 4 * kMiB};
};
template <>
struct OnWire<actors::Inspect> : CarriedBy<wire::Inspect> {
  static constexpr MessageTraits kTraits{.type = 30, .name = "Inspect", .max_bytes = kMiB};
};
template <>
struct OnWire<actors::Inspected> : CarriedBy<wire::Inspected> {
  static constexpr MessageTraits kTraits{.type = 31, .name = "Inspected", .max_bytes = 4 * kMiB};
};
template <>
struct OnWire<actors::InspectMore> : CarriedBy<wire::InspectMore> {
  static constexpr MessageTraits kTraits{.type = 32, .name = "InspectMore", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::Attach> : CarriedBy<wire::Attach> {
  static constexpr MessageTraits kTraits{.type = 33, .name = "Attach", .max_bytes = kKiB};
};
template <>
struct OnWire<actors::ServiceState> : CarriedBy<wire::ServiceState> {
  static constexpr MessageTraits kTraits{.type = 34, .name = "ServiceState", .max_bytes = kMiB};
};
template <>
struct OnWire<actors::Leaving> : CarriedBy<wire::Leaving> {
  static constexpr MessageTraits kTraits{
      .type = 35, .name = "Leaving", .max_bytes = 64 * kKiB, .is_urgent = true};
};

template <>
struct OnWire<actors::EndBurst> : CarriedBy<wire::EndBurst> {
  static constexpr MessageTraits kTraits{
      .type = 36, .name = "EndBurst", .max_bytes = kKiB, .is_urgent = true};
};

}  // namespace unmask::rpc::codec
