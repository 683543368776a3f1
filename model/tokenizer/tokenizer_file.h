#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/splitter.h"
#include "runtime/base/result.h"

namespace unmask::tokenizer {

/// An entry of a vocabulary.
struct VocabEntry {
  std::int32_t id = 0;
  std::string bytes;
};

/// What a checkpoint puts around a text that is no chat.
struct TokenAffixes {
  std::vector<std::int32_t> prefix;
  std::vector<std::int32_t> suffix;
};

/// What a tokenizer.json says, checked: byte-level BPE without normalisation.
struct TokenizerFile {
  Splitter splitter;
  Bpe bpe;
  std::vector<VocabEntry> vocab;         ///< ids are below 2^20, and differ
  bool ignores_merges = false;           ///< a word that is in the vocabulary is one token
  std::vector<AddedToken> added_tokens;  ///< ids differ from those of other words
  TokenAffixes affixes;
  std::vector<std::string> warnings;  ///< what is said and not used, a sentence each
};

/// The tokenizer.json in `text`.
///
/// Errors  kInvalidArgument naming `file` and the entry, also for what is not supported
Result<TokenizerFile> parse_tokenizer_file(std::string_view text, const std::string& file);

}  // namespace unmask::tokenizer
