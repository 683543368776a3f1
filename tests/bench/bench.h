#pragma once

#include "runtime/base/result.h"
#include "tests/bench/options.h"
#include "tests/bench/report.h"

namespace unmask::bench {

/// Measures what the options ask for; tells on stderr what it is at.
///
/// Errors  a model that cannot be loaded
Result<Report> run_bench(const Options& options);

}  // namespace unmask::bench
