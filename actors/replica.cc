#include "actors/replica.h"

#include <algorithm>

namespace unmask {

bool StepInFlight::is_answered() const {
  return std::ranges::all_of(results, [](const auto& result) { return result.has_value(); });
}

bool StepInFlight::agrees() const {
  return std::ranges::all_of(
      results, [&](const auto& result) { return result->digest == results.front()->digest; });
}

std::optional<std::size_t> Replica::rank_of(PeerId worker) const {
  const auto found = std::ranges::find(workers, worker);
  if (found == workers.end()) return std::nullopt;
  return std::size_t(found - workers.begin());
}

std::int32_t num_rows(const SequenceStep& step) { return std::int32_t(step.inputs.size()); }

}  // namespace unmask
