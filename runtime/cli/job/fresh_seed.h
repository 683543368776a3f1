#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"

namespace unmask::cli {

/// A seed for a job whose tokens are drawn and that names none: who asks again by hand wants
/// another text. Nothing for other jobs. A temperature that is no number is refused later.
[[nodiscard]] std::optional<std::string> fresh_seed(
    const std::vector<actors::Parameter>& parameters);

}  // namespace unmask::cli
