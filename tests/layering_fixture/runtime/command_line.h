#include <CLI/CLI.hpp>  // forbidden: of runtime/cli/command_line.cc
