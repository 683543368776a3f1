#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rpc/envelope.h"
#include "runtime/base/bytes.h"
#include "runtime/base/ids.h"

namespace unmask::rpc {

inline constexpr std::size_t kHelloBytes = 24;

/// What one end tells the other before anything else.
struct Hello {
  std::uint16_t min_version = kProtocolVersion;
  std::uint16_t max_version = kProtocolVersion;
  std::uint64_t boot_id = 0;
  Incarnation incarnation = 0;

  bool operator==(const Hello&) const = default;
};

[[nodiscard]] Bytes encode_hello(const Hello& hello);
/// None if it is not one by its length.
[[nodiscard]] std::optional<Hello> decode_hello(ByteView body);

/// Why these two cannot speak to each other, as `mine` sees it; none if there is a version for
/// both.
[[nodiscard]] std::optional<std::string> version_mismatch(const Hello& mine, const Hello& theirs);

}  // namespace unmask::rpc
