#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "tests/bench/device.h"
#include "tests/bench/forward/forward_run.h"
#include "tests/bench/forward/forward_shape.h"
#include "tests/bench/options.h"

namespace unmask::bench {

/// Forwards of a model with random weights, by length of the canvas and number of rows.
///
/// Errors  those of RandomCheckpoint and of the engine
Result<std::vector<ForwardRun>> measure_forwards(const ForwardShape& shape, const Options& options,
                                                 Device& device);

}  // namespace unmask::bench
