#include "runtime/cli/eval/verifier.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "runtime/base/nearest_name.h"
#include "runtime/cli/eval/equal_json.h"

namespace unmask::cli {
namespace {

constexpr std::array<std::string_view, 5> kVerifierNames{"exact", "final_number", "json", "choice",
                                                         "python"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Without zeros that say nothing; "-0" is "0".
std::string plain_number(bool is_negative, std::string whole, std::string fraction) {
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (whole.empty()) whole = "0";
  if (!fraction.empty()) whole += "." + fraction;
  return (is_negative && whole != "0" ? "-" : "") + whole;
}

/// The number that begins at `at`, which is moved behind it. A comma counts between groups of
/// three digits, a point before a digit.
std::string number_at(std::string_view text, std::size_t& at) {
  const bool is_negative = at > 0 && text[at - 1] == '-' &&
                           (at < 2 || (!is_in_word(text[at - 2]) && text[at - 2] != ')'));
  const auto has_digits = [&](std::size_t from, std::size_t count) {
    if (from + count > text.size()) return false;
    return std::ranges::all_of(text.substr(from, count), is_digit);
  };
  std::string whole, fraction;
  for (; at < text.size(); ++at) {
    const bool parts_groups = text[at] == ',' && has_digits(at + 1, 3) &&
                              !(at + 4 < text.size() && is_digit(text[at + 4]));
    if (is_digit(text[at])) whole += text[at];
    if (!is_digit(text[at]) && !parts_groups) break;
  }
  if (at < text.size() && text[at] == '.' && has_digits(at + 1, 1)) {
    for (++at; at < text.size() && is_digit(text[at]); ++at) fraction += text[at];
  }
  return plain_number(is_negative, std::move(whole), std::move(fraction));
}

/// A letter that no word begins, nor ends: "(B)", "B.", but not the article of "A cat".
bool is_choice_at(std::string_view text, std::size_t at) {
  if (text[at] < 'A' || text[at] > 'D') return false;
  if (at > 0 && (is_in_word(text[at - 1]) || text[at - 1] == '\'')) return false;
  const std::string_view rest = text.substr(at + 1);
  return rest.empty() || (rest.front() != ' ' && rest.front() != '\'' && !is_in_word(rest.front()));
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = char(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

}  // namespace

Result<Verifier> parse_verifier(std::string_view name) {
  const auto found = std::ranges::find(kVerifierNames, name);
  if (found != kVerifierNames.end()) return Verifier(found - kVerifierNames.begin());
  const std::vector<std::string> known(kVerifierNames.begin(), kVerifierNames.end());
  return invalid("there is no verifier '" + std::string(name) + "'" + did_you_mean(name, known) +
                 ": one of exact, final_number, json, choice, python");
}

std::string_view name_of(Verifier verifier) { return kVerifierNames.at(std::size_t(verifier)); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(kSpace) + 1));
  return text;
}

std::string final_number(std::string_view text) {
  if (const std::size_t mark = text.rfind("####"); mark != std::string_view::npos) {
    text.remove_prefix(mark + 4);
  }
  std::string last;
  for (std::size_t at = 0; at < text.size();) {
    if (is_digit(text[at])) {
      last = number_at(text, at);
    } else {
      ++at;
    }
  }
  return last;
}

char final_choice(std::string_view text) {
  text = trimmed(text);
  const std::size_t said = lowered(text).rfind("answer");
  if (said != std::string::npos) {
    for (std::size_t at = said; at < text.size(); ++at) {
      if (is_choice_at(text, at)) return text[at];
    }
  }
  for (std::size_t at = text.size(); at-- > 0;) {
    if (is_choice_at(text, at)) return text[at];
  }
  return 0;
}

bool is_right(Verifier verifier, std::string_view text, std::string_view expected) {
  switch (verifier) {
    case Verifier::kExact:
      return trimmed(text) == trimmed(expected);
    case Verifier::kFinalNumber: {
      const std::string number = final_number(text);
      return !number.empty() && number == final_number(expected);
    }
    case Verifier::kJson:
      return equal_json(trimmed(text), trimmed(expected));
    case Verifier::kChoice: {
      const char choice = final_choice(text);
      return choice != 0 && choice == final_choice(expected);
    }
    case Verifier::kPython:
      break;  // only its checker knows
  }
  return false;
}

}  // namespace unmask::cli
