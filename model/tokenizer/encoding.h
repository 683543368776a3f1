#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/splitter.h"
#include "model/tokenizer/text_range.h"

namespace unmask::tokenizer {

/// What a tokenizer knows, as far as encoding needs it.
struct EncodingRules {
  const Splitter& splitter;
  const Bpe& bpe;
  const std::unordered_map<std::string, std::int32_t>& whole_words;  ///< tokens before any merge
  const std::array<AddedTokens, 2>& added_tokens;  ///< the second where the first left text
};

/// One text on its way to tokens: cut at added tokens, then into words, then merged.
class Encoding {
 public:
  /// text is UTF-8; it and the rules must outlive this.
  Encoding(EncodingRules rules, std::string_view text, std::span<const TextRange> trusted)
      : rules_(rules), text_(text), trusted_(trusted) {}

  std::vector<std::int32_t> run() {
    cut({0, text_.size()}, 0);
    return std::move(tokens_);
  }

 private:
  void cut(TextRange range, std::size_t pass);
  void add_words(TextRange range);

  const EncodingRules rules_;
  const std::string_view text_;
  const std::span<const TextRange> trusted_;
  Bpe::Scratch scratch_;
  std::vector<std::int32_t> tokens_;
};

}  // namespace unmask::tokenizer
