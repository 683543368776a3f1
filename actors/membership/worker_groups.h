/// Which processes belong to the cluster and which groups they form, as plain values.

#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "runtime/actor/clock.h"

namespace unmask::actors {

/// One worker of the cluster file, whoever fills it.
struct WorkerSlot {
  std::optional<PeerId> peer;    ///< the process that fills it
  std::optional<PeerId> loader;  ///< the process that loads to fill it, if known
  Incarnation incarnation = 0;   ///< of the last who filled it
  std::deque<Incarnation> gone;  ///< the latest that were declared dead: they may not come back

  static constexpr std::size_t kMaxGone = 16;
  /// Whoever fills the slot is gone for good.
  void declare_dead();
  Capacity capacity;
  std::string numeric_class;  ///< of the process that fills it
  MemberStatus status;
};

/// The workers of one replica on their way to a collective.
struct WorkerGroup {
  enum class State : std::uint8_t { kIncomplete, kAddressing, kConnecting, kUp };

  State state = State::kIncomplete;
  Epoch epoch = 0;
  Time since{};                    ///< of this state
  std::vector<WorkerSlot> slots;   ///< by rank
  std::vector<Bytes> addresses;    ///< by rank; empty until known
  std::vector<bool> is_ready;      ///< by rank
  std::string reason;              ///< why it was dissolved last
  std::optional<Epoch> published;  ///< as up, to the coordinator, with this epoch

  [[nodiscard]] bool is_complete() const;
  [[nodiscard]] bool has_all_addresses() const;
  [[nodiscard]] bool has_all_ready() const;
  /// The numeric class of the workers that are there, without that of `rank`; nothing if none is.
  [[nodiscard]] std::optional<std::string> numeric_class_without(std::int32_t rank) const;
  /// The least of every figure over the slots.
  [[nodiscard]] Capacity capacity() const;
  /// Enters `next` with nothing said in it yet.
  void enter(State next, Time now);
};

/// What is wrong with a worker's figures, or nothing: they come over a wire.
[[nodiscard]] std::optional<Error> capacity_error(const Capacity& capacity);

/// Why `join` may not fill `slot`, or nothing.
///
/// A process that was declared dead must not return. A newer one replaces whoever fills the slot.
/// Incarnations come of the wall clock, which may step back: a process that looks older than one
/// that lives has to wait until that one is missed.
[[nodiscard]] std::optional<Error> join_error(const WorkerSlot& slot, PeerId from,
                                              const Join& join);

}  // namespace unmask::actors
