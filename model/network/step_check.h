#pragma once

#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// What a step may ask of a worker.
struct StepLimits {
  int vocab_size = 0;
  int max_positions = 0;  ///< of a canvas
  int max_rows = 0;       ///< computed rows of a step
};

/// What of a step is sane in itself: what came over a wire may be anything. Rows beyond the limit
/// are the fault of the sequences that they belong to.
///
/// Errors  per sequence, kInvalidArgument naming it and what is wrong with it; also for what is not
///         supported yet
[[nodiscard]] Refusals check_step(const Step& step, const StepLimits& limits);

/// The step with those sequences alone that are not refused.
[[nodiscard]] Step without_refused(const Step& step, const Refusals& refusals);

/// What `computed`, the results of without_refused(), says of all sequences of `step`.
[[nodiscard]] std::vector<SequenceResult> with_refused(const Step& step,
                                                       std::vector<SequenceResult> computed,
                                                       const Refusals& refusals);

}  // namespace unmask::network
