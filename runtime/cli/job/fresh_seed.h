#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"

namespace unmask::cli {

/// A seed for a job that depends on one and names none: who asks again by hand wants another text.
/// Nothing for other jobs.
[[nodiscard]] std::optional<std::string> fresh_seed(
    const std::vector<actors::Parameter>& parameters);

}  // namespace unmask::cli
