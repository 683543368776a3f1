#pragma once

#include <filesystem>

#include "runtime/base/result.h"
#include "tests/bench/gateway/gateway_run.h"

namespace unmask::bench {

/// Jobs that stream at once through one gateway, over ZeroMQ and over HTTP by turns. Nothing is
/// computed: the blocks are due at times that do not depend on who reads them. The least cost and
/// the least delay of the rounds count.
///
/// Errors  those of the gateway, and of a client that was refused
Result<GatewayRun> measure_gateway(const std::filesystem::path& model);

}  // namespace unmask::bench
