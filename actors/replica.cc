#include "actors/replica.h"

#include <algorithm>

namespace unmask {

bool StepInFlight::is_answered() const {
  return std::ranges::all_of(results, [](const auto& result) { return result.has_value(); });
}

bool StepInFlight::agrees() const {
  return std::ranges::equal(results.front()->sequences, sequences, {}, &SequenceResult::sequence) &&
         std::ranges::all_of(results, [&](const auto& result) {
           return result->digest == results.front()->digest;
         });
}

std::optional<std::size_t> Replica::rank_of(PeerId worker) const {
  const auto found = std::ranges::find(workers, worker);
  if (found == workers.end()) return std::nullopt;
  return std::size_t(found - workers.begin());
}

std::int64_t Replica::pages_of(std::int32_t length) const {
  return (std::int64_t(length) + capacity.page_size - 1) / capacity.page_size;
}

bool Replica::could_hold(std::int32_t length) const {
  return length <= capacity.max_positions && length <= capacity.max_rows_per_step &&
         pages_of(length) <= capacity.num_kv_pages;
}

std::int32_t num_rows(const SequenceStep& step) { return std::int32_t(step.inputs.size()); }

}  // namespace unmask
