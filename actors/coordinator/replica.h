#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "actors/messages.h"
#include "runtime/actor/clock.h"
#include "runtime/actor/timers.h"

namespace unmask::actors {

/// A step that the workers of a replica compute.
struct StepInFlight {
  std::uint64_t seq = 0;
  std::vector<JobId> jobs;            ///< by sequence of the step; those that ended meanwhile too
  std::vector<SequenceId> sequences;  ///< by sequence of the step
  std::vector<Phase> phases;          ///< by sequence of the step
  std::vector<std::optional<StepResult>> results;  ///< by rank
  std::vector<Time> answered_at;                   ///< by rank
  /// Of a step that workers go on with by themselves: the digest of what each sequence's job asks
  /// for, nothing for jobs that ended meanwhile.
  std::vector<std::optional<std::uint64_t>> asked;
  Time sent_at{};
  TimerId timer{};

  [[nodiscard]] bool is_answered() const;
  /// All ranks computed the same candidates, and for the sequences that were asked for.
  [[nodiscard]] bool agrees() const;
  /// The workers asked themselves for what the jobs ask for; once they agree.
  [[nodiscard]] bool went_on_as_jobs() const;
};

/// What the workers of a replica compute one step after another, without being asked for each.
struct BurstInFlight {
  std::uint64_t first_seq = 0;
  bool is_ending = false;  ///< the workers were told
  /// Answers to steps behind the one in flight: by seq, then rank.
  std::map<std::uint64_t, std::vector<std::optional<StepResult>>> early{};
};

/// What a job needs of a replica, in positions.
struct Demand {
  std::int32_t num_positions = 0;  ///< of its canvas
  std::int32_t num_rows = 0;       ///< of a forward, at most
  std::int32_t num_cached = 0;     ///< at most; none without a cache
  std::int32_t num_soft = 0;       ///< of smoothing
};

/// What is kept for a job on the workers of a replica, from its start to its end.
struct Reservation {
  std::int64_t kv_pages = 0;
  std::int64_t soft_rows = 0;

  [[nodiscard]] bool fits(const Reservation& room) const {
    return kv_pages <= room.kv_pages && soft_rows <= room.soft_rows;
  }
};

/// The workers of one epoch and what runs on them, as the coordinator sees it.
struct Replica {
  std::int32_t index = 0;
  Epoch epoch = 0;
  std::vector<PeerId> workers;  ///< by rank
  Capacity capacity;
  Reservation free;
  std::deque<JobId> running;       ///< those that waited longest for room in a step first
  std::vector<SequenceId> closed;  ///< sent to the workers with the next step; at most max_running
  std::uint64_t last_seq = 0;
  std::optional<StepInFlight> in_flight;
  std::optional<BurstInFlight> burst;  ///< that the step in flight belongs to

  [[nodiscard]] std::int64_t kv_pages_used() const { return capacity.num_kv_pages - free.kv_pages; }
  [[nodiscard]] std::optional<std::size_t> rank_of(PeerId worker) const;
  /// Where the answers to a step belong: to the one in flight, or one that its burst goes on with.
  /// Null if it is neither.
  [[nodiscard]] std::vector<std::optional<StepResult>>* results_of(std::uint64_t seq);
  [[nodiscard]] Reservation total() const {
    return {capacity.num_kv_pages, capacity.num_soft_rows};
  }
  /// What a job needs at worst.
  [[nodiscard]] Reservation reservation_of(const Demand& demand) const;
  /// Whether a job could run here, were it alone.
  [[nodiscard]] bool could_hold(const Demand& demand) const;
  [[nodiscard]] bool has_room(const Demand& demand) const {
    return reservation_of(demand).fits(free);
  }
  void reserve(const Reservation& reservation) {
    free.kv_pages -= reservation.kv_pages;
    free.soft_rows -= reservation.soft_rows;
  }
  void release(const Reservation& reservation) {
    free.kv_pages += reservation.kv_pages;
    free.soft_rows += reservation.soft_rows;
  }
  [[nodiscard]] bool has_batch_room(std::size_t max_running) const {
    return running.size() < max_running;
  }
};

/// KV pages over all replicas that are up.
struct PageUse {
  std::int64_t used = 0;
  std::int64_t total = 0;
};
[[nodiscard]] PageUse page_use(const std::map<std::int32_t, Replica>& replicas);

/// The replica_broken about a step in flight whose answers did not all come within `timeout`, or
/// differ.
[[nodiscard]] ReplicaBroken replica_broken(const Replica& replica,
                                           std::chrono::milliseconds timeout);

/// The same about workers whose decisions in a burst are not those of the jobs' loops.
[[nodiscard]] ReplicaBroken replica_gone_astray(const Replica& replica);

/// Number of rows that `step` adds to a forward.
[[nodiscard]] std::int32_t num_rows(const SequenceStep& step);

}  // namespace unmask::actors
