/// How byte-level BPE writes bytes as printable characters in its vocabulary.

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace unmask::tokenizer {

/// The character, in UTF-8, that stands for each byte: itself where it is printable in Latin-1,
/// else the next one from U+0100.
///
/// Source  GPT-2, bytes_to_unicode
const std::array<std::string, 256>& byte_alphabet();

/// The bytes that `word` stands for; nothing if it has a character that stands for none.
std::optional<std::string> bytes_of_word(std::string_view word);

}  // namespace unmask::tokenizer
