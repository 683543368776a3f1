#pragma once

#include <string>
#include <string_view>

namespace unmask::cli {

/// One character as a terminal may have it.
struct Character {
  std::string bytes;
  int columns = 0;
};

/// Takes the first character off `text`, which is not empty. What is no UTF-8 becomes U+FFFD; a
/// control character other than a newline becomes a space, so that a text cannot command the
/// terminal.
[[nodiscard]] Character take_character(std::string_view& text);

/// `text` as one line that cannot command a terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// The same with its newlines.
[[nodiscard]] std::string printable_lines(std::string_view text);

/// As much of the line `text` as `width` columns hold, as printable() has it.
[[nodiscard]] std::string first_columns(std::string_view text, int width);

}  // namespace unmask::cli
