/// What is asked of the machine, as functions of what it said.

#pragma once

#include <cstddef>
#include <string>

#include "kernels/instruction_set.h"
#include "kernels/memory_info.h"
#include "runtime/base/result.h"
#include "runtime/cli/doctor/check.h"
#include "runtime/os/clock_sync.h"

namespace unmask::cli {

[[nodiscard]] Check check_cpu(kernels::InstructionSet best, int num_cores);
[[nodiscard]] Check check_memory(const kernels::MemoryInfo& memory);

/// limit: of a process, raised as far as it may. The other two: connections that are configured.
[[nodiscard]] Check check_descriptors(std::size_t limit, std::size_t wanted_http,
                                      std::size_t wanted_zmq);

/// mode: as huge_pages_mode() says
[[nodiscard]] Check check_huge_pages(const std::string& mode);
[[nodiscard]] Check check_clock(const ClockSync& clock);

/// listened: what try_listen() said of any port of 127.0.0.1
[[nodiscard]] Check check_loopback(const Result<>& listened);

}  // namespace unmask::cli
