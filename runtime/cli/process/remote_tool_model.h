#pragma once

#include <memory>

#include "runtime/cli/process/tool_model.h"

namespace unmask::cli {

/// A model shared by `num_workers` processes: this one runs the coordinator, and what is asked goes
/// over the same wire and the same collectives as in a cluster. `model` outlives the result.
///
/// Errors  of a worker that cannot start
Result<std::unique_ptr<ToolModel>> load_remote_tool_model(const ClusterConfig::Compute& compute,
                                                          const ServedModel& model,
                                                          int num_workers);

}  // namespace unmask::cli
