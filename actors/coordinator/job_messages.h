/// Messages about a job, made from what happened to it.

#pragma once

#include <map>
#include <optional>
#include <vector>

#include "actors/coordinator/running_job.h"
#include "actors/coordinator/store/job_store.h"

namespace unmask::actors {

/// block: the one that was decoded. candidates: what the workers answered to `step`.
[[nodiscard]] Traced traced_of(const RunningJob& job, SequenceStep step, Range block,
                               const diffusion::Applied& applied,
                               const CandidateColumns& candidates);
[[nodiscard]] Frame frame_of(const RunningJob& job, Range block,
                             const CandidateColumns& candidates);

/// Keeps in `job` what Committed::logprobs will say of the tokens that were decided.
/// candidates: the workers' answer, as it came.
void note_logprobs(RunningJob& job, const diffusion::Applied& applied,
                   const CandidateColumns& candidates);
/// Those at `places`, in order.
[[nodiscard]] std::vector<float> logprobs_in(const std::vector<float>& logprobs,
                                             const Ranges& places);

/// The job ends `now`, because of `reason`; error: if kError.
[[nodiscard]] Finished finished_of(const RunningJob& job, FinishReason reason,
                                   std::optional<Error> error, Time now);

/// All jobs that have not ended, and the latest of those that have.
[[nodiscard]] JobList list_of(const std::map<JobId, RunningJob>& jobs, const JobStore& store,
                              const Requester& requester, Time now);

}  // namespace unmask::actors
