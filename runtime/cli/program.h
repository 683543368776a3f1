#pragma once

#include <span>

#include "runtime/cli/command.h"

namespace unmask::cli {

/// Reads the command line, runs the subcommand it names, and returns the exit code.
///
/// Help goes to stdout. A line that cannot be right is one sentence on stderr, with the name that
/// was probably meant, and kUsage.
int run_program(std::span<const AddCommand> commands, int argc, const char* const* argv);

}  // namespace unmask::cli
