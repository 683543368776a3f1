#pragma once

#include <cstdint>

namespace unmask::rpc {

/// How much a TCP connection has received since it was made; zero if the kernel does not say.
std::uint64_t received_bytes(int descriptor);

}  // namespace unmask::rpc
