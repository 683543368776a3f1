/// What is wrong with the head of a request (request line and fields). Beast's parser forgives what
/// two servers in a row may read differently: folded lines, two Hosts, odd transfer codings.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rpc/http/http_limits.h"
#include "rpc/http/http_message.h"

namespace unmask::rpc {

/// The answer to what was not understood: `400 Bad Request` and one sentence.
HttpResponse rejection(int status, std::string_view sentence);

/// Finds where a head ends, in bytes that come piece by piece; looks at each byte once.
class HeadScanner {
 public:
  enum class State : std::uint8_t { kIncomplete, kComplete, kMalformed };

  /// received: everything since the head began. Malformed: a control character, or a line that
  /// does not end in CR LF; no need to wait for more.
  State scan(std::string_view received);

  /// With its blank line, once it is complete.
  [[nodiscard]] std::size_t size() const { return num_scanned_; }

 private:
  std::size_t num_scanned_ = 0;
};

/// Why a complete head is refused, if it is.
std::optional<HttpResponse> reject_head(std::string_view head, const HttpLimits& limits);

}  // namespace unmask::rpc
