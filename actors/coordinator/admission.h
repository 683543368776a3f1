#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "actors/coordinator/replica.h"
#include "actors/coordinator/running_job.h"

namespace unmask::actors {

/// The job as it waits for a replica, and nobody hears of it yet.
///
/// Errors  those of params_of() and make_loop()
[[nodiscard]] Result<RunningJob> make_job(const Admit& admit, const JobModel& model,
                                          Time accepted_at);

/// Why none of the replicas, by index, could run the job even alone, with the figure; nothing if
/// one could, or if none is known yet.
[[nodiscard]] std::optional<Error> fit_error(const RunningJob& job,
                                             const std::map<std::int32_t, Replica>& replicas);

/// The roomiest replica that has room for the job now, or null.
[[nodiscard]] Replica* place_for(const RunningJob& job, std::map<std::int32_t, Replica>& replicas,
                                 std::size_t max_running);

/// What the first job of the queue waits for, and so do all behind it: nobody overtakes.
[[nodiscard]] std::string waiting_reason(const RunningJob& first,
                                         const std::map<std::int32_t, Replica>& replicas,
                                         std::size_t max_running);

}  // namespace unmask::actors
