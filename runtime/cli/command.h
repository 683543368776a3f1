/// Every subcommand of `unmask`: one file each, one line here.

#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "runtime/base/result.h"
#include "runtime/cli/exit_code.h"

namespace unmask::cli {

/// Adds its subcommand to `app`; when it was chosen, its callback runs and sets `exit_code`.
using AddCommand = void (*)(CLI::App& app, int& exit_code);

/// Headings under which help lists the commands.
inline constexpr const char* kGenerateGroup = "Generate on this machine";
inline constexpr const char* kClusterGroup = "Serve, and talk to what serves";
inline constexpr const char* kLookGroup = "Look inside";

void add_run(CLI::App& app, int& exit_code);
void add_up(CLI::App& app, int& exit_code);
void add_node(CLI::App& app, int& exit_code);
void add_submit(CLI::App& app, int& exit_code);
void add_jobs(CLI::App& app, int& exit_code);
void add_cancel(CLI::App& app, int& exit_code);
void add_status(CLI::App& app, int& exit_code);
void add_forward(CLI::App& app, int& exit_code);
void add_trace(CLI::App& app, int& exit_code);
void add_models(CLI::App& app, int& exit_code);
void add_config(CLI::App& app, int& exit_code);
void add_version(CLI::App& app, int& exit_code);

/// Prints "unmask: error: ..." on stderr and returns the exit code of the error's class. What was
/// cancelled is no error: "unmask: ...", kInterrupted.
ExitCode report(const Error& error);
/// The same where the class is known better: a file that is a configuration or a checkpoint.
ExitCode report(const Error& error, ExitCode exit_code);

}  // namespace unmask::cli
