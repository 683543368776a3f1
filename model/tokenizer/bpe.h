#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace unmask::tokenizer {

/// Byte-pair encoding: from a word's bytes to its tokens.
///
/// Invariant  constant; any thread may use it
class Bpe {
 public:
  /// Tokens left and right, side by side, become `merged`.
  struct Merge {
    std::int32_t left = 0;
    std::int32_t right = 0;
    std::int32_t merged = 0;
  };
  /// Memory that lives through the words of a text.
  class Scratch;

  /// byte_ids: the token of each byte. merges: in the order in which they are tried.
  ///
  /// Errors  kInvalidArgument naming `file`, if two merges join the same pair
  static Result<Bpe> create(std::array<std::int32_t, 256> byte_ids,
                            const std::vector<Merge>& merges, const std::string& file);

  /// Appends the tokens of `word`. Takes n log(n) steps for n bytes.
  void encode(std::string_view word, Scratch& scratch, std::vector<std::int32_t>& tokens) const;

 private:
  /// Which merge joins a pair; sorted by (left, right).
  struct Rule {
    std::int32_t right = 0;
    std::uint32_t rank = 0;
  };

  Bpe() = default;
  [[nodiscard]] const Rule* find(std::int32_t left, std::int32_t right) const;
  void add_pair(std::uint32_t at, Scratch& scratch) const;

  std::array<std::int32_t, 256> byte_ids_{};
  std::vector<Rule> rules_;
  std::vector<std::uint32_t> first_rule_;  // by left token, with an end
  std::vector<std::int32_t> merged_;       // by rank
};

class Bpe::Scratch {
 private:
  friend class Bpe;

  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// A token of the word as it is now, in a linked list; -1 once it was merged into another.
  struct Symbol {
    std::int32_t token = 0;
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
  };
  std::vector<Symbol> symbols_;
  /// Merges that could be made when they were found, as rank << 32 | symbol: the lowest is next.
  std::vector<std::uint64_t> heap_;
};

}  // namespace unmask::tokenizer
