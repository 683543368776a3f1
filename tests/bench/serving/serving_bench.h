#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "tests/bench/options.h"
#include "tests/bench/serving/serving_run.h"

namespace unmask::bench {

/// Eight jobs one after another and all at once, by turns, `num_rounds` times; the fastest round of
/// each counts. Every cluster is a real `unmask up`.
///
/// Errors  a cluster that does not start, a job that fails
Result<std::vector<ServingRun>> measure_serving(const Options& options, int num_workers, int burst,
                                                int num_rounds);

}  // namespace unmask::bench
