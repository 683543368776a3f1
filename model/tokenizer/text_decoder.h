#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/tokenizer/tokenizer.h"

namespace unmask::tokenizer {

/// Bytes to UTF-8, piece by piece: half a character waits for its other half, and each maximal
/// ill-formed part becomes one U+FFFD.
///
/// Source  WHATWG Encoding, "UTF-8 decoder"
class Utf8Decoder {
 public:
  /// Appends to `text` what is complete now.
  void append(std::string_view bytes, std::string& text);
  /// What is still held back will not be completed.
  void finish(std::string& text);

 private:
  std::string held_;  // the beginning of a character
};

/// Tokens to text, piece by piece. The tokenizer must outlive it.
class TextDecoder {
 public:
  /// skips_special: special tokens are no text; else they are their literal text.
  TextDecoder(const Tokenizer& tokenizer, bool skips_special)
      : tokenizer_(tokenizer), skips_special_(skips_special) {}

  [[nodiscard]] std::string append(std::span<const std::int32_t> tokens);
  [[nodiscard]] std::string finish();

 private:
  const Tokenizer& tokenizer_;
  const bool skips_special_;
  Utf8Decoder decoder_;
};

/// The text of all `tokens` at once.
std::string decode(const Tokenizer& tokenizer, std::span<const std::int32_t> tokens,
                   bool skips_special);

}  // namespace unmask::tokenizer
