#include <CLI/CLI.hpp>  // forbidden: of runtime/cli/command_line.cc

#include "kernels/cpu/backend.h"  // forbidden: behind kernels/make_backend.h
#include "kernels/make_backend.h"
#include "rpc/protocol.capnp.h"  // forbidden: generated, of rpc
