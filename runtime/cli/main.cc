/// The program `unmask`: every subcommand, one line each.

#include <array>

#include "runtime/cli/command.h"
#include "runtime/cli/program.h"

namespace {

using namespace unmask::cli;

/// In the order in which help lists them.
constexpr std::array kCommands{
    // Generate on this machine
    add_run,
    add_eval,
    // Serve, and talk to what serves
    add_up,
    add_node,
    add_submit,
    add_chat,
    add_jobs,
    add_attach,
    add_cancel,
    add_status,
    add_top,
    add_bench,
    // Look inside
    add_forward,
    add_trace,
    add_models,
    add_devices,
    add_doctor,
    add_config,
    add_completion,
    add_version,
};

}  // namespace

int main(int argc, char** argv) { return run_program(kCommands, argc, argv); }
