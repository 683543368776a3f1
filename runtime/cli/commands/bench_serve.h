#pragma once

#include "runtime/cli/command_line.h"

namespace unmask::cli {

/// `unmask bench serve`.
void add_bench_serve(Command bench);

}  // namespace unmask::cli
