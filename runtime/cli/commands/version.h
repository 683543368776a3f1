#pragma once

#include <string_view>

namespace unmask::cli {

/// As in CMakeLists.txt: "1.2.3".
inline constexpr std::string_view kVersion = UNMASK_VERSION;

}  // namespace unmask::cli
