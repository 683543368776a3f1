#pragma once

#include <cstddef>
#include <string_view>

namespace unmask {

/// A character, or as much of one as there is.
struct Utf8Part {
  std::size_t length = 0;  ///< bytes that belong together; at least 1
  std::size_t needed = 0;  ///< bytes of the whole character; 0 if no character begins like this

  [[nodiscard]] constexpr bool is_whole() const { return length == needed; }
};

/// What `text`, which is not empty, begins with: no character that is overlong, a surrogate or
/// beyond U+10FFFF counts as begun. Of ill-formed text it is the maximal part that a decoder
/// replaces by one U+FFFD.
///
/// Source  The Unicode Standard, table 3-7
constexpr Utf8Part first_utf8_part(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, 1};
  if (lead < 0xc2 || lead > 0xf4) return {1, 0};
  const std::size_t needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const unsigned lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (text.size() == 1 || byte(1) < lowest || byte(1) > highest) return {1, needed};
  std::size_t length = 2;
  while (length < needed && length < text.size() && (byte(length) & 0xc0) == 0x80) ++length;
  return {length, needed};
}

/// Whether `text` is UTF-8: no stray, overlong or missing bytes, no surrogates, nothing beyond
/// U+10FFFF.
constexpr bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Part part = first_utf8_part(text.substr(i));
    if (!part.is_whole()) return false;
    i += part.length;
  }
  return true;
}

}  // namespace unmask
