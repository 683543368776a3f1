/// The program `unmask`: every subcommand, one line each.

#include <array>

#include "runtime/cli/command.h"
#include "runtime/cli/program.h"

namespace {

using namespace unmask::cli;

/// In the order in which help lists them.
constexpr std::array kCommands{
    add_up, add_node, add_forward, add_trace, add_version,
};

}  // namespace

int main(int argc, char** argv) { return run_program(kCommands, argc, argv); }
