#pragma once

#include <chrono>
#include <cstddef>

namespace unmask::rpc {

/// How much of a server one client may use. What is beyond is refused with a status that says so,
/// and the connection is closed.
struct HttpLimits {
  /// A process may open 1024 files unless somebody raised that; 503 beyond.
  std::size_t max_connections = 256;
  std::size_t max_head_bytes = 8 << 10;   ///< request line and fields; 431 beyond
  std::size_t max_fields = 64;            ///< 431 beyond
  std::size_t max_field_bytes = 4 << 10;  ///< one field's line; 431 beyond
  std::size_t max_body_bytes = 1 << 20;   ///< 413 beyond
  /// Of an answer that comes piece by piece; whoever reads slower than that is cut off.
  std::size_t max_unsent_bytes = 1 << 20;

  // Absolute, so that a client that trickles bytes gains nothing; 408 beyond.
  std::chrono::milliseconds head_timeout{5'000};    ///< from its first byte, or the connection
  std::chrono::milliseconds body_timeout{15'000};   ///< from the end of the head
  std::chrono::milliseconds idle_timeout{30'000};   ///< between requests; closed without an answer
  std::chrono::milliseconds write_timeout{15'000};  ///< for a response, or a piece of it

  /// An event stream that was silent for so long gets a comment, so that nobody on its way takes it
  /// for dead; 0: never.
  std::chrono::milliseconds keep_alive{15'000};
};

}  // namespace unmask::rpc
