#pragma once

#include <string>

namespace unmask::cli {

/// Where `compute.cache_dir` is: a folder that need not exist; empty: nothing is to be kept.
///
/// setting: a folder, "none", or "auto", which is unmask's part of $XDG_CACHE_HOME or ~/.cache
[[nodiscard]] std::string find_cache_dir(const std::string& setting);

}  // namespace unmask::cli
