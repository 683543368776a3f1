#include "runtime/cli/text/characters.h"

#include <algorithm>
#include <array>
#include <span>

#include "runtime/base/utf8.h"

namespace unmask::cli {
namespace {

constexpr std::string_view kReplacement = "\ufffd";

struct CodeRange {
  char32_t first;
  char32_t last;
};

/// Combining marks, joiners, direction marks and variation selectors.
constexpr std::array kZeroWidth{
    CodeRange{0x300, 0x36f},   CodeRange{0x483, 0x489},    CodeRange{0x591, 0x5bd},
    CodeRange{0x610, 0x61a},   CodeRange{0x64b, 0x65f},    CodeRange{0x1ab0, 0x1aff},
    CodeRange{0x1dc0, 0x1dff}, CodeRange{0x200b, 0x200f},  CodeRange{0x202a, 0x202e},
    CodeRange{0x2060, 0x2069}, CodeRange{0x20d0, 0x20ff},  CodeRange{0xfe00, 0xfe0f},
    CodeRange{0xfe20, 0xfe2f}, CodeRange{0xe0100, 0xe01ef}};
/// East Asian wide and full-width characters, and emoji.
constexpr std::array kTwoColumns{
    CodeRange{0x1100, 0x115f},   CodeRange{0x2e80, 0x303e},   CodeRange{0x3041, 0xa4cf},
    CodeRange{0xac00, 0xd7a3},   CodeRange{0xf900, 0xfaff},   CodeRange{0xfe30, 0xfe6f},
    CodeRange{0xff00, 0xff60},   CodeRange{0xffe0, 0xffe6},   CodeRange{0x1f300, 0x1f64f},
    CodeRange{0x1f680, 0x1f6ff}, CodeRange{0x1f900, 0x1faff}, CodeRange{0x20000, 0x3fffd}};

bool is_in(std::span<const CodeRange> ranges, char32_t code) {
  return std::ranges::any_of(
      ranges, [&](const CodeRange& range) { return range.first <= code && code <= range.last; });
}

std::size_t length_by(unsigned char lead) {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  if (lead >= 0xc0) return 2;
  return 1;
}

/// Of a character that is UTF-8.
char32_t code_of(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (bytes.size() == 1) return lead;
  char32_t code = lead & (0x7fu >> bytes.size());
  for (const char byte : bytes.substr(1))
    code = code << 6 | (static_cast<unsigned char>(byte) & 63u);
  return code;
}

}  // namespace

Character take_character(std::string_view& text) {
  const std::string_view bytes = text.substr(0, length_by(static_cast<unsigned char>(text[0])));
  if (!is_utf8(bytes)) {
    text.remove_prefix(1);
    return {std::string(kReplacement), 1};
  }
  text.remove_prefix(bytes.size());
  const char32_t code = code_of(bytes);
  if (code == '\n') return {"\n", 0};
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return {" ", 1};
  const int columns = is_in(kZeroWidth, code) ? 0 : is_in(kTwoColumns, code) ? 2 : 1;
  return {std::string(bytes), columns};
}

std::string printable(std::string_view text) {
  std::string line = printable_lines(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

std::string printable_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) lines += take_character(text).bytes;
  return lines;
}

std::string first_columns(std::string_view text, int width) {
  std::string line;
  while (!text.empty()) {
    const Character character = take_character(text);
    width -= character.columns;
    if (width < 0) break;
    line += character.bytes == "\n" ? " " : character.bytes;
  }
  return line;
}

}  // namespace unmask::cli
