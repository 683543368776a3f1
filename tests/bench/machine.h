#pragma once

#include "tests/bench/report.h"

namespace unmask::bench {

/// A report that tells when, of what sources and on what processor it was made.
Report describe_machine();

}  // namespace unmask::bench
