#include "rpc/openai/api_keys.h"

#include <algorithm>
#include <array>

#include "runtime/os/host_port.h"

namespace unmask::rpc {
namespace {

constexpr std::string_view kBearer = "bearer ";

/// What an Authorization field shows; empty if it is of another kind.
std::string_view token_of(std::string_view field) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  if (field.size() < kBearer.size()) return {};
  if (!std::ranges::equal(field.substr(0, kBearer.size()), kBearer, {}, lower)) return {};
  return field.substr(kBearer.size());
}

/// Looks at every byte, however early they differ.
bool is_same(std::string_view shown, std::string_view key) {
  unsigned difference = shown.size() == key.size() ? 0 : 1;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = i < shown.size() ? shown[i] : '\0';
    difference |= static_cast<unsigned char>(c ^ key[i]);
  }
  return difference == 0;
}

/// A page of this server itself. Its name must be one that nobody else can make point here.
bool is_own_page(const HttpRequest& request) {
  if (request.origin != "http://" + request.host) return false;
  const Result<HostPort> host = parse_host_port(request.host);
  return is_loopback(host ? host->host : request.host);
}

/// A name of the public DNS: whoever owns it can have a browser ask this server for it, without an
/// Origin, by pointing it here for a moment.
bool is_public_name(const std::string& field) {
  const Result<HostPort> parsed = parse_host_port(field);
  const std::string host = parsed ? parsed->host : field;
  constexpr std::string_view kDigits = "0123456789.:[]";
  if (host.find('.') == std::string::npos || host.find_first_not_of(kDigits) == std::string::npos) {
    return false;
  }
  if (host.front() == '[' || host.find(':') != std::string::npos) return false;  // IPv6
  return std::ranges::none_of(std::array{".localhost", ".local", ".internal", ".lan"},
                              [&](const char* own) { return host.ends_with(own); });
}

}  // namespace

ApiResult<std::size_t> ApiKeys::find(const HttpRequest& request) const {
  if (keys_.empty()) {
    if (is_public_name(request.host)) {
      return ApiError{403,
                      "this server has no API keys, so it does not answer to the name " +
                          request.host + ": ask by its address, or set http.api_keys",
                      {},
                      "closed"};
    }
    if (!request.origin.empty() && !is_own_page(request)) {
      return ApiError{403, "web pages need an API key here: set http.api_keys", {}, "closed"};
    }
    if (closed_reason_.empty()) return ApiResult<std::size_t>(boost::system::in_place_value, 0u);
    return ApiError{403, closed_reason_, {}, "closed"};
  }
  const std::string_view shown = token_of(request.authorization);
  std::size_t found = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (is_same(shown, keys_[i])) found = i + 1;
  }
  if (found > 0) return ApiResult<std::size_t>(boost::system::in_place_value, found);
  return ApiError{401,
                  shown.empty() ? "this server needs an API key: send Authorization: Bearer KEY"
                                : "the API key is not one of this server's",
                  {},
                  "invalid_api_key"};
}

std::vector<std::string> parse_api_keys(std::string_view text) {
  std::vector<std::string> keys;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') keys.emplace_back(line);
  }
  return keys;
}

}  // namespace unmask::rpc
