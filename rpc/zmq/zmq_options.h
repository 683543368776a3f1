#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rpc/envelope.h"

namespace unmask::rpc {

/// Z85 keys.
struct CurveKeyPair {
  std::string public_key;
  std::string secret_key;
};

struct ZmqOptions {
  std::size_t max_frame_bytes = kEnvelopeBytes + kMaxBodyBytes;  ///< who sends more is cut off
  std::size_t max_connections = 512;        ///< listening: beyond this who connects is cut off
  std::optional<CurveKeyPair> curve{};      ///< this process's; none: plain
  std::vector<std::string> allowed_keys{};  ///< listening: public keys that may connect
  std::string server_key{};                 ///< dialing: the listener's public key
  /// Dialing: hears why an attempt failed, when it is another reason than before.
  std::function<void(const std::string& why)> on_failure{};
};

}  // namespace unmask::rpc
