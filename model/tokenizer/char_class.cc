#include "model/tokenizer/char_class.h"

#include <utf8proc.h>

#include <array>

namespace unmask::tokenizer {
namespace {

constexpr std::size_t kNumAscii = 0x80;

constexpr std::array<CharClass, kNumAscii> make_ascii_classes() {
  std::array<CharClass, kNumAscii> classes{};
  for (unsigned c = 0; c < kNumAscii; ++c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_newline = c == '\r' || c == '\n';
    const bool is_space = c == ' ' || (c >= 0x09 && c <= 0x0d);
    classes[c] = is_letter                ? CharClass::kLetter
                 : (c >= '0' && c <= '9') ? CharClass::kNumber
                 : is_newline             ? CharClass::kNewline
                 : is_space               ? CharClass::kSpace
                                          : CharClass::kOther;
  }
  return classes;
}

constexpr auto kAsciiClasses = make_ascii_classes();

CharClass class_of(utf8proc_int32_t code_point) {
  constexpr utf8proc_int32_t kNextLine = 0x85;  // white space, but of category Cc
  if (code_point == kNextLine) return CharClass::kSpace;
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::kNumber;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return CharClass::kSpace;
    default:
      return CharClass::kOther;
  }
}

}  // namespace

Char char_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < kNumAscii) return {kAsciiClasses[lead], 1};
  utf8proc_int32_t code_point = 0;
  const auto length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(&text[at]),
                       static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
  return {class_of(code_point), static_cast<std::size_t>(length)};
}

}  // namespace unmask::tokenizer
