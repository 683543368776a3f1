#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "actors/coordinator/running_job.h"
#include "tests/simulation/scenario.h"

namespace unmask::simulation {

/// What a job has to answer, whoever computes it, with whom, and whatever goes wrong.
struct ExpectedAnswer {
  actors::FinishReason reason = actors::FinishReason::kLength;
  std::vector<std::int32_t> tokens;
  std::vector<std::vector<std::int32_t>> blocks;  ///< their part of it
  std::int32_t forwards = 0;
};

/// One forward of a sequence that is alone.
using ForwardAlone = std::function<CandidateColumns(const SequenceStep&)>;

/// A forward over HashModel, with a plain map from positions to tokens for a cache.
[[nodiscard]] ForwardAlone hash_alone();

/// Runs the job's diffusion loop by itself: no actors, no batches, no pages.
[[nodiscard]] ExpectedAnswer expect_answer(const JobPlan& job, const actors::JobModel& model,
                                           const ForwardAlone& forward);

}  // namespace unmask::simulation
