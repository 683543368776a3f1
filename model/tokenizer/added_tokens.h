#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/tokenizer/text_range.h"

namespace unmask::tokenizer {

/// A token that is cut out of the text before it is split into words.
struct AddedToken {
  std::int32_t id = 0;
  std::string text;
  bool strips_left = false;    ///< takes the white space before it
  bool strips_right = false;   ///< takes the white space behind it
  bool is_normalized = false;  ///< is looked for after the others
  bool is_special = false;     ///< no text of an answer
  bool is_reserved = false;    ///< means something to the model: users' text must not make it
};

/// Finds added tokens in a text, each step in constant time.
class AddedTokens {
 public:
  struct Match {
    TextRange range;
    const AddedToken* token = nullptr;
  };

  /// tokens: their texts are not empty, and differ.
  explicit AddedTokens(std::vector<AddedToken> tokens = {});

  /// The first token that begins at or after `from`, the longest of those that begin there.
  /// Reserved ones count only where they lie in one of the `trusted` ranges, which ascend.
  [[nodiscard]] std::optional<Match> find(std::string_view text, std::size_t from,
                                          std::span<const TextRange> trusted) const;

 private:
  [[nodiscard]] std::optional<Match> match_at(std::string_view text, std::size_t at,
                                              std::span<const TextRange> trusted) const;

  std::vector<AddedToken> tokens_;
  // A trie over the bytes of the texts: node 0 is the root, an edge is (node << 8 | byte).
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::vector<std::int32_t> token_of_node_;  // index in tokens_, or -1
  std::array<bool, 256> begins_{};           // whether a text begins with this byte
};

}  // namespace unmask::tokenizer
