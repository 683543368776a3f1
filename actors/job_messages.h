/// What is told of a job, made from what happened to it.

#pragma once

#include "actors/running_job.h"

namespace unmask {

/// block: the one that was decoded. candidates: what the workers answered to `step`.
[[nodiscard]] Traced traced_of(const RunningJob& job, SequenceStep step, Range block,
                               const diffusion::Applied& applied,
                               const CandidateColumns& candidates);
[[nodiscard]] Frame frame_of(const RunningJob& job, Range block, const diffusion::Applied& applied,
                             const CandidateColumns& candidates);

[[nodiscard]] JobSummary summary_of(const RunningJob& job, Time now);
[[nodiscard]] JobSummary summary_of(const Finished& finished);

}  // namespace unmask
