#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace unmask::cli {

/// Scripts that complete the commands and flags of `program` in a shell.
[[nodiscard]] std::string bash_completion(const CommandDescription& program);
[[nodiscard]] std::string zsh_completion(const CommandDescription& program);
[[nodiscard]] std::string fish_completion(const CommandDescription& program);

}  // namespace unmask::cli
