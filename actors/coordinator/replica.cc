#include "actors/coordinator/replica.h"

#include <algorithm>

#include "model/diffusion/burst.h"

namespace unmask::actors {

bool StepInFlight::is_answered() const {
  return std::ranges::all_of(results, [](const auto& result) { return result.has_value(); });
}

bool StepInFlight::agrees() const {
  return std::ranges::equal(results.front()->sequences, sequences, {}, &SequenceResult::sequence) &&
         std::ranges::all_of(results, [&](const auto& result) {
           return result->digest == results.front()->digest;
         });
}

bool StepInFlight::went_on_as_jobs() const {
  const std::vector<SequenceResult>& sequences_of_rank_0 = results.front()->sequences;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] && sequences_of_rank_0[i].asked != *asked[i]) return false;
  }
  return true;
}

std::optional<std::size_t> Replica::rank_of(PeerId worker) const {
  const auto found = std::ranges::find(workers, worker);
  if (found == workers.end()) return std::nullopt;
  return std::size_t(found - workers.begin());
}

Reservation Replica::reservation_of(const Demand& demand) const {
  return {(std::int64_t(demand.num_cached) + capacity.page_size - 1) / capacity.page_size,
          demand.num_soft};
}

bool Replica::could_hold(const Demand& demand) const {
  return demand.num_positions <= capacity.max_positions &&
         demand.num_rows <= capacity.max_rows_per_step && reservation_of(demand).fits(total());
}

std::vector<std::optional<StepResult>>* Replica::results_of(std::uint64_t seq) {
  if (seq == in_flight->seq) return &in_flight->results;
  if (!burst || seq < in_flight->seq || seq >= burst->first_seq + diffusion::kMaxBurst) {
    return nullptr;
  }
  auto& results = burst->early[seq];
  results.resize(workers.size());
  return &results;
}

PageUse page_use(const std::map<std::int32_t, Replica>& replicas) {
  PageUse pages;
  for (const auto& [index, replica] : replicas) {
    pages.used += replica.kv_pages_used();
    pages.total += replica.capacity.num_kv_pages;
  }
  return pages;
}

ReplicaBroken replica_broken(const Replica& replica, std::chrono::milliseconds timeout) {
  ReplicaBroken broken{
      replica.index, replica.epoch, {}, "its workers computed different candidates"};
  for (std::size_t rank = 0; rank < replica.workers.size(); ++rank) {
    if (!replica.in_flight->results[rank]) broken.silent.push_back(replica.workers[rank]);
  }
  if (!broken.silent.empty()) {
    broken.reason = "a step took longer than " + std::to_string(timeout.count()) + " ms on " +
                    std::to_string(broken.silent.size()) + " workers";
  }
  return broken;
}

ReplicaBroken replica_gone_astray(const Replica& replica) {
  return {replica.index, replica.epoch, {}, "its workers went on with another step than was due"};
}

std::int32_t num_rows(const SequenceStep& step) {
  return std::int32_t(step.inputs.size() + step.guidance_inputs.size());
}

}  // namespace unmask::actors
