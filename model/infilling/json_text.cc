#include "model/infilling/json_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "runtime/base/utf8.h"

namespace unmask::infilling {

std::string json_of(const boost::json::value& value) {
  if (!value.is_double()) return boost::json::serialize(value);
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value.get_double());
  return {text, end};
}

std::string json_escaped(std::string_view text) {
  const std::string quoted = boost::json::serialize(boost::json::string(text));
  return quoted.substr(1, quoted.size() - 2);
}

namespace {

/// The digits that `text` begins with.
std::string_view digits_of(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

}  // namespace

std::string json_number(std::string_view text, bool is_integer) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::string_view digits = digits_of(text);
  text.remove_prefix(digits.size());
  const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size());
  std::string number = first == digits.size() ? "0" : std::string(digits.substr(first));
  if (!is_integer && !digits.empty() && text.starts_with('.')) {
    const std::string_view fraction = digits_of(text.substr(1));
    if (!fraction.empty()) number += "." + std::string(fraction);
  }
  const bool is_zero = number.find_first_not_of("0.") == std::string::npos;
  return is_negative && !is_zero ? "-" + number : number;
}

std::string_view first_chars(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (; count > 0 && end < text.size(); --count) end += first_utf8_part(text.substr(end)).length;
  return text.substr(0, end);
}

}  // namespace unmask::infilling
