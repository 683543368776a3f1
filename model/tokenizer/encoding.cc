#include "model/tokenizer/encoding.h"

#include "model/tokenizer/char_class.h"

namespace unmask::tokenizer {
namespace {

/// Where the white space that ends at `end` begins, not before `limit`.
std::size_t white_space_before(std::string_view text, std::size_t limit, std::size_t end) {
  std::size_t begin = end;
  while (begin > limit) {
    std::size_t at = begin - 1;
    while (at > limit && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
    if (!char_at(text, at).is_space()) break;
    begin = at;
  }
  return begin;
}

std::size_t white_space_after(std::string_view text, std::size_t at) {
  while (at < text.size() && char_at(text, at).is_space()) at += char_at(text, at).length;
  return at;
}

}  // namespace

void Encoding::cut(TextRange range, std::size_t pass) {
  if (pass == rules_.added_tokens.size()) return add_words(range);
  const std::string_view text = text_.substr(0, range.end);
  std::size_t at = range.begin;
  while (const auto match = rules_.added_tokens[pass].find(text, at, trusted_)) {
    const AddedToken& token = *match->token;
    auto [begin, end] = match->range;
    if (token.strips_left) begin = white_space_before(text, at, begin);
    if (token.strips_right) end = white_space_after(text, end);
    cut({at, begin}, pass + 1);
    tokens_.push_back(token.id);
    at = end;
  }
  cut({at, range.end}, pass + 1);
}

void Encoding::add_words(TextRange range) {
  std::string_view rest = text_.substr(range.begin, range.end - range.begin);
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rules_.splitter.first_word(rest));
    rest.remove_prefix(word.size());
    if (!rules_.whole_words.empty()) {
      const auto whole = rules_.whole_words.find(std::string(word));
      if (whole != rules_.whole_words.end()) {
        tokens_.push_back(whole->second);
        continue;
      }
    }
    rules_.bpe.encode(word, scratch_, tokens_);
  }
}

}  // namespace unmask::tokenizer
