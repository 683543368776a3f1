#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace unmask {

/// Where something listens. Port 0: any free one.
struct HostPort {
  std::string host;  ///< a name, an IPv4 or an IPv6 address without brackets
  std::uint16_t port = 0;

  bool operator==(const HostPort&) const = default;

  /// `host:port`, `[::1]:port`.
  [[nodiscard]] std::string to_string() const;
};

/// Reads `host:port`. Errors: kInvalidArgument, quoting the text.
Result<HostPort> parse_host_port(std::string_view text);

/// Whether only this machine can reach it. Names other than localhost are not looked up: false.
bool is_loopback(std::string_view host);

}  // namespace unmask
