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

/// Whether a step is sane in itself: what came over a wire may be anything.
///
/// Errors  kInvalidArgument naming the sequence and what is wrong with it; also for what is not
///         supported yet
Result<> check_step(const Step& step, const StepLimits& limits);

}  // namespace unmask::network
