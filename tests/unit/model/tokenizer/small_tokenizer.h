/// A tokenizer small enough to know by heart.

#pragma once

#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/tokenizer/byte_alphabet.h"
#include "model/tokenizer/tokenizer.h"

namespace unmask::tokenizer {

using Tokens = std::vector<std::int32_t>;

constexpr std::string_view kLladaRegex =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";

/// The JSON of a tokenizer.json: byte b is token b; then the words ab 256, bc 257, abc 258, aa 259
/// and their merges in this order; special <end> 300 and <mask> 301; <tag> 302, which is not.
inline boost::json::object small_tokenizer() {
  namespace json = boost::json;
  json::object vocab;
  for (std::size_t byte = 0; byte < 256; ++byte) vocab[byte_alphabet()[byte]] = byte;
  json::array merges;
  const std::pair<const char*, const char*> joined[] = {
      {"a", "b"}, {"b", "c"}, {"ab", "c"}, {"a", "a"}};
  for (const auto& [left, right] : joined) {
    vocab[std::string(left) + right] = vocab.size();
    merges.push_back(json::array{left, right});
  }
  const auto added = [](int id, const char* content, bool is_special) {
    return json::object{{"id", id}, {"content", content}, {"special", is_special}};
  };
  const json::object split{{"type", "Split"},
                           {"pattern", json::object{{"Regex", kLladaRegex}}},
                           {"behavior", "Isolated"},
                           {"invert", false}};
  const json::object byte_level{
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  return {{"added_tokens", json::array{added(300, "<end>", true), added(301, "<mask>", true),
                                       added(302, "<tag>", false)}},
          {"normalizer", nullptr},
          {"pre_tokenizer",
           json::object{{"type", "Sequence"}, {"pretokenizers", json::array{split, byte_level}}}},
          {"post_processor", nullptr},
          {"decoder", json::object{{"type", "ByteLevel"}}},
          {"model", json::object{{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}}};
}

/// The sentence with which `file` is refused; empty if it is not.
inline std::string refusal(const boost::json::object& file) {
  const Result<TokenizerFile> parsed = parse_tokenizer_file(boost::json::serialize(file), "t.json");
  return parsed ? "" : parsed.error().message;
}

inline Result<Tokenizer> make_tokenizer(const boost::json::object& file,
                                        const TokenizerConfig& config = {}) {
  Result<TokenizerFile> parsed = parse_tokenizer_file(boost::json::serialize(file), "t.json");
  if (!parsed) return parsed.error();
  return Tokenizer::create(std::move(*parsed), config, "c.json");
}

/// The tokens of `text`, which must have some.
inline Tokens encoded(const Tokenizer& tokenizer, std::string_view text,
                      bool parse_special = false) {
  const Result<Tokens> tokens = tokenizer.encode(text, parse_special);
  EXPECT_TRUE(tokens) << tokens.error().message;
  return tokens ? *tokens : Tokens();
}

}  // namespace unmask::tokenizer
