#include <CLI/CLI.hpp>  // forbidden: of runtime/cli
