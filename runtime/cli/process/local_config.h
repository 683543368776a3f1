#pragma once

#include <vector>

#include "runtime/config/config.h"

namespace unmask::cli {

/// The configuration of a command that needs no cluster: the environment (UNMASK_MODEL_DIR, ...)
/// and `flags`; an empty value of a flag is none. One replica of one worker, whatever they say.
///
/// Errors  those of load_config()
[[nodiscard]] Result<ClusterConfig> load_local_config(std::vector<ConfigFlag> flags);

/// Prints what load_config() warns of on stderr.
void warn(const LoadedConfig& loaded);

}  // namespace unmask::cli
