#pragma once

#include <cstddef>

namespace unmask {

/// How many connections a process may have at once, so that the descriptors that it needs besides
/// (files, a collective, libzmq's own) are never used up by whoever connects.
struct ConnectionLimits {
  std::size_t http = 0;
  std::size_t zmq = 0;
};

/// wanted_http, wanted_zmq: as configured. limit: descriptors of the process.
[[nodiscard]] ConnectionLimits share_descriptors(std::size_t limit, std::size_t wanted_http,
                                                 std::size_t wanted_zmq);

/// Raises this process's limit as far as it may, and returns it.
std::size_t raise_descriptor_limit();

}  // namespace unmask
