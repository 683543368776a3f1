#pragma once

#include <string>
#include <vector>

#include "runtime/cli/process/served_model.h"

namespace unmask::cli {

/// What a cluster will take of each worker's memory and what fits into it, a line each:
/// weights, KV pages, how many canvases of which length.
///
/// Errors  kInvalidArgument of plan_memory()
Result<std::vector<std::string>> memory_report(const ServedModel& model,
                                               const ClusterConfig& config);

}  // namespace unmask::cli
