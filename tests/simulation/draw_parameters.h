#pragma once

#include <vector>

#include "actors/coordinator/running_job.h"
#include "actors/messages.h"
#include "runtime/base/rng.h"

namespace unmask::simulation {

/// Some of what a job with this input may say, from the table of parameters: every strategy and
/// cache policy, and whatever they read, is drawn, also those that are not written yet. The model
/// takes the job.
[[nodiscard]] std::vector<actors::Parameter> draw_parameters(Rng& rng, std::int32_t gen_length,
                                                             const actors::TokenInput& input,
                                                             const actors::JobModel& model,
                                                             const actors::Capacity& capacity);

}  // namespace unmask::simulation
