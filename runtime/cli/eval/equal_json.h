#pragma once

#include <string_view>

namespace unmask::cli {

/// Whether both are JSON of the same value: members in any order, 1 the same as 1.0.
[[nodiscard]] bool equal_json(std::string_view text, std::string_view expected);

}  // namespace unmask::cli
