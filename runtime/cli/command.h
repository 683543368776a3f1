/// Every subcommand of `unmask`: one file each, one line here.

#pragma once

#include "runtime/base/result.h"
#include "runtime/cli/command_line.h"
#include "runtime/cli/exit_code.h"

namespace unmask::cli {

/// Adds its subcommand to the program.
using AddCommand = void (*)(Command program);

/// Headings under which help lists the commands.
inline constexpr const char* kGenerateGroup = "Generate on this machine";
inline constexpr const char* kClusterGroup = "Serve, and talk to what serves";
inline constexpr const char* kLookGroup = "Look inside";

void add_run(Command program);
void add_eval(Command program);
void add_up(Command program);
void add_node(Command program);
void add_submit(Command program);
void add_chat(Command program);
void add_jobs(Command program);
void add_attach(Command program);
void add_cancel(Command program);
void add_status(Command program);
void add_top(Command program);
void add_bench(Command program);
void add_forward(Command program);
void add_trace(Command program);
void add_models(Command program);
void add_devices(Command program);
void add_doctor(Command program);
void add_config(Command program);
void add_completion(Command program);
void add_version(Command program);

/// Prints "unmask: error: ..." on stderr and returns the exit code of the error's class. What was
/// cancelled is no error: "unmask: ...", kInterrupted.
ExitCode report(const Error& error);
/// The same where the class is known better: a file that is a configuration or a checkpoint.
ExitCode report(const Error& error, ExitCode exit_code);

/// report() for a command that may have been asked for JSON: then stdout has the error, too.
struct Reporter {
  bool is_json = false;

  ExitCode operator()(const Error& error) const;
  ExitCode operator()(const Error& error, ExitCode exit_code) const;
};

}  // namespace unmask::cli
