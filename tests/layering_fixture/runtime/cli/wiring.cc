#include <CLI/CLI.hpp>

#include "kernels/cpu/backend.h"
#include "rpc/protocol.capnp.h"  // forbidden: generated, of rpc
