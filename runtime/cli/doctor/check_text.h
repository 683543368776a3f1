/// What was found, for people and programs. Only sources include this: Boost stays out of public
/// headers.

#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <vector>

#include "runtime/cli/doctor/check.h"

namespace unmask::cli {

/// A line each, advice below it, and how many there are of each kind.
[[nodiscard]] std::string to_text(const std::vector<Check>& checks, bool has_color);

[[nodiscard]] boost::json::array to_json(const std::vector<Check>& checks);

}  // namespace unmask::cli
