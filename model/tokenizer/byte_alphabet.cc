#include "model/tokenizer/byte_alphabet.h"

namespace unmask::tokenizer {
namespace {

constexpr unsigned kFirstStandIn = 0x100;
constexpr unsigned kEnd = 0x144;  // after the last stand-in

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

/// A code point below U+0800.
std::string to_utf8(unsigned code_point) {
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  return {static_cast<char>(0xc0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 0x3f))};
}

std::array<std::string, 256> make_alphabet() {
  std::array<std::string, 256> alphabet;
  unsigned stand_in = kFirstStandIn;
  for (unsigned byte = 0; byte < 256; ++byte) {
    alphabet[byte] = to_utf8(stands_for_itself(byte) ? byte : stand_in++);
  }
  return alphabet;
}

/// The byte of each code point, or -1.
std::array<int, kEnd> make_bytes() {
  std::array<int, kEnd> bytes;
  bytes.fill(-1);
  unsigned stand_in = kFirstStandIn;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bytes[stands_for_itself(byte) ? byte : stand_in++] = static_cast<int>(byte);
  }
  return bytes;
}

}  // namespace

const std::array<std::string, 256>& byte_alphabet() {
  static const std::array<std::string, 256> kAlphabet = make_alphabet();
  return kAlphabet;
}

std::optional<std::string> bytes_of_word(std::string_view word) {
  static const std::array<int, kEnd> kBytes = make_bytes();
  std::string out;
  for (std::size_t i = 0; i < word.size();) {
    const auto lead = static_cast<unsigned char>(word[i++]);
    unsigned code_point = lead;
    if (lead >= 0x80) {
      if (lead >= 0xe0 || i == word.size()) return std::nullopt;  // from U+0800 on
      code_point = (lead & 0x1fu) << 6 | (static_cast<unsigned char>(word[i++]) & 0x3fu);
    }
    if (code_point >= kEnd || kBytes[code_point] < 0) return std::nullopt;
    out += static_cast<char>(kBytes[code_point]);
  }
  return out;
}

}  // namespace unmask::tokenizer
