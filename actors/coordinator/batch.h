#pragma once

#include <map>
#include <optional>

#include "actors/coordinator/replica.h"
#include "actors/coordinator/running_job.h"

namespace unmask::actors {

/// A step of a replica: what its workers are to compute, and for whom.
struct Batch {
  Step step;
  StepInFlight in_flight;  ///< but for its times
};

/// The next step of `replica`, for as many of its jobs as there is room for; those that find none
/// go first in the one after it. Nothing if no job runs there.
[[nodiscard]] std::optional<Batch> next_batch(Replica& replica, std::map<JobId, RunningJob>& jobs);

/// Lets the workers go on with up to `burst` forwards, if there are few jobs and none waits for
/// room. Their parts get the loops' states.
void allow_burst(Batch& batch, std::int32_t burst, const Replica& replica,
                 const std::map<JobId, RunningJob>& jobs);

/// The step after `last`, which the workers of the replica's burst make by themselves, with what
/// came of it already.
[[nodiscard]] StepInFlight next_of_burst(Replica& replica, const StepInFlight& last,
                                         std::map<JobId, RunningJob>& jobs);

}  // namespace unmask::actors
