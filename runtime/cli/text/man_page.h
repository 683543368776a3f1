#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace unmask::cli {

/// The manual page of `program`, in roff, with a section for every command.
[[nodiscard]] std::string man_page(const CommandDescription& program, const std::string& version);

}  // namespace unmask::cli
