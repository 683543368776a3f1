#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "actors/messages.h"
#include "runtime/clock.h"
#include "runtime/timers.h"

namespace unmask {

/// A step that the workers of a replica compute.
struct StepInFlight {
  std::uint64_t seq = 0;
  Phase phase = Phase::kDenoise;      ///< of its first sequence
  std::vector<JobId> jobs;            ///< by sequence of the step; those that ended meanwhile too
  std::vector<SequenceId> sequences;  ///< by sequence of the step
  std::vector<std::optional<StepResult>> results;  ///< by rank
  std::vector<Time> answered_at;                   ///< by rank
  Time sent_at{};
  TimerId timer{};

  [[nodiscard]] bool is_answered() const;
  /// All ranks computed the same candidates.
  [[nodiscard]] bool agrees() const;
};

/// The workers of one epoch and what runs on them, as the coordinator sees it.
struct Replica {
  std::int32_t index = 0;
  Epoch epoch = 0;
  std::vector<PeerId> workers;  ///< by rank
  Capacity capacity;
  std::int64_t kv_pages_free = 0;
  std::deque<JobId> running;       ///< those that waited longest for room in a step first
  std::vector<SequenceId> closed;  ///< told to the workers with the next step
  std::uint64_t last_seq = 0;
  std::optional<StepInFlight> in_flight;
  Time idle_since{};

  [[nodiscard]] std::optional<std::size_t> rank_of(PeerId worker) const;
};

/// Number of rows that `step` adds to a forward.
[[nodiscard]] std::int32_t num_rows(const SequenceStep& step);

}  // namespace unmask
