#pragma once

#include <cstddef>
#include <string>

#include "runtime/base/result.h"

namespace unmask::cli {

/// The whole file as plain_text() has it; "-" is stdin.
///
/// Errors  kInvalidArgument naming the file if it cannot be read or has more than `max_bytes`
[[nodiscard]] Result<std::string> read_text(const std::string& path, std::size_t max_bytes);

}  // namespace unmask::cli
