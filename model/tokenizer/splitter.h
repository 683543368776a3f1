#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace unmask::tokenizer {

/// Cuts text into the words inside which BPE merges.
///
/// One scanner for a family of regular expressions, which differ in how many digits make a word:
///   'contraction | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,max_digits} | ?[^\s\p{L}\p{N}]+[\r\n]* |
///   \s*[\r\n] | \s+(?!\S) | \s+
/// It never goes back by more than one character, and looks at each at most three times.
class Splitter {
 public:
  /// The scanner for a pre-tokenizer's regular expression; none for one that is not known.
  static std::optional<Splitter> of_regex(std::string_view regex);

  /// The length in bytes of the first word of `text`, which is UTF-8 and not empty.
  [[nodiscard]] std::size_t first_word(std::string_view text) const;

 private:
  explicit Splitter(int max_digits) : max_digits_(max_digits) {}

  int max_digits_;
};

}  // namespace unmask::tokenizer
