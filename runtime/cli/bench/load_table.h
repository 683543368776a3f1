#pragma once

#include <string>

#include "runtime/cli/bench/load_run.h"

namespace unmask::cli {

/// The figures under the headings of `vllm bench serve`, which scripts look for; reasons of
/// failures behind them.
[[nodiscard]] std::string load_table(const LoadRun& run);

}  // namespace unmask::cli
