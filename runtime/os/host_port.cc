#include "runtime/os/host_port.h"

#include <charconv>

namespace unmask {

std::string HostPort::to_string() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const Error error{ErrorCode::kInvalidArgument,
                    "\"" + std::string(text) + "\" is no address of the form host:port"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return error;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return error;  // IPv6 without brackets: where it ends is anybody's guess
  }
  const auto is_odd = [](char c) {
    return c <= ' ' || c >= 127 || c == '/' || c == '[' || c == ']';
  };
  for (const char c : host) {
    if (is_odd(c)) return error;
  }

  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (host.empty() || problem != std::errc() || end != digits.data() + digits.size()) return error;
  return HostPort{std::string(host), port};
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  // 127.0.0.0/8, and nothing that only looks like it: 127.example.org.
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace unmask
