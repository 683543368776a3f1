#pragma once

#include <string>

#include "runtime/cli/bench/load_run.h"

namespace unmask::cli {

/// One JSON object: what was asked for, every figure under the names of `vllm bench serve` where it
/// has one, and a list of all requests. Names end in their unit: _ms, _s; throughputs are a second.
[[nodiscard]] std::string to_json(const LoadRun& run);

}  // namespace unmask::cli
