/// What the pre-tokenizers ask of a character.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace unmask::tokenizer {

/// Of every character exactly one.
enum class CharClass : std::uint8_t {
  kLetter,   // \p{L}
  kNumber,   // \p{N}
  kNewline,  // \r, \n
  kSpace,    // other Unicode white space
  kOther
};

struct Char {
  CharClass char_class = CharClass::kOther;
  std::size_t length = 0;  ///< in bytes

  /// \s
  [[nodiscard]] constexpr bool is_space() const {
    return char_class == CharClass::kSpace || char_class == CharClass::kNewline;
  }
};

/// The character of `text`, which is UTF-8, that begins at byte `at`.
Char char_at(std::string_view text, std::size_t at);

}  // namespace unmask::tokenizer
