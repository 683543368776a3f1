#include "model/tokenizer/splitter.h"

#include "model/tokenizer/char_class.h"

namespace unmask::tokenizer {
namespace {

struct KnownRegex {
  std::string_view text;
  int max_digits;
};

constexpr KnownRegex kKnown[] = {
    // Ling, LLaDA, LLaDA-MoE, LLaDA2
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     1},
    // GPT-4
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     3},
    // Llama 3
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     3},
    // Qwen 2
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     1},
};

/// The end of the run of `char_class` that begins at `at`; `at` if there is none.
std::size_t end_of_run(std::string_view text, std::size_t at, CharClass char_class) {
  while (at < text.size()) {
    const Char c = char_at(text, at);
    if (c.char_class != char_class) break;
    at += c.length;
  }
  return at;
}

/// 's 't 're 've 'm 'll 'd at the beginning, in either case; 0 without one. Case folding makes the
/// long s, U+017F, an s.
std::size_t contraction(std::string_view text) {
  if (text.size() < 2 || text[0] != '\'') return 0;
  if (text.substr(1).starts_with("\u017f")) return 3;
  const auto lower = [&](std::size_t i) {
    return i < text.size() ? static_cast<char>(text[i] | 0x20) : '\0';
  };
  switch (lower(1)) {
    case 's':
    case 'd':
    case 'm':
    case 't':
      return 2;
    case 'l':
      return lower(2) == 'l' ? 3 : 0;
    case 'v':
    case 'r':
      return lower(2) == 'e' ? 3 : 0;
    default:
      return 0;
  }
}

/// Letters, after at most one character that is no letter, number or line break.
std::size_t letters(std::string_view text, Char first) {
  switch (first.char_class) {
    case CharClass::kLetter:
      return end_of_run(text, first.length, CharClass::kLetter);
    case CharClass::kSpace:
    case CharClass::kOther: {
      const std::size_t end = end_of_run(text, first.length, CharClass::kLetter);
      return end > first.length ? end : 0;
    }
    default:
      return 0;
  }
}

std::size_t numbers(std::string_view text, int max_digits) {
  std::size_t end = 0;
  for (int i = 0; i < max_digits && end < text.size(); ++i) {
    const Char c = char_at(text, end);
    if (c.char_class != CharClass::kNumber) break;
    end += c.length;
  }
  return end;
}

/// Symbols, after at most one blank, with the line breaks behind them.
std::size_t symbols(std::string_view text) {
  const std::size_t begin = text[0] == ' ' ? 1 : 0;
  const std::size_t end = end_of_run(text, begin, CharClass::kOther);
  return end > begin ? end_of_run(text, end, CharClass::kNewline) : 0;
}

/// White space up to its last line break; else all of it at the end of the text; else all but the
/// last character, which belongs to the word behind it.
std::size_t white_space(std::string_view text) {
  std::size_t end = 0, last = 0, after_newline = 0;
  while (end < text.size()) {
    const Char c = char_at(text, end);
    if (!c.is_space()) break;
    last = end;
    end += c.length;
    if (c.char_class == CharClass::kNewline) after_newline = end;
  }
  if (after_newline > 0) return after_newline;
  return end == text.size() || last == 0 ? end : last;
}

}  // namespace

std::optional<Splitter> Splitter::of_regex(std::string_view regex) {
  for (const KnownRegex& known : kKnown) {
    if (known.text == regex) return Splitter(known.max_digits);
  }
  return std::nullopt;
}

std::size_t Splitter::first_word(std::string_view text) const {
  if (const std::size_t end = contraction(text)) return end;
  if (const std::size_t end = letters(text, char_at(text, 0))) return end;
  if (const std::size_t end = numbers(text, max_digits_)) return end;
  if (const std::size_t end = symbols(text)) return end;
  return white_space(text);
}

}  // namespace unmask::tokenizer
