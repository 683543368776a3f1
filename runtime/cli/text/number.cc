#include "runtime/cli/text/number.h"

#include <array>
#include <charconv>
#include <cmath>

namespace unmask::cli {

Result<double> parse_number(std::string_view text, double min, double max) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  const bool is_number = error == std::errc{} && stopped == end && !std::isnan(number);
  if (is_number && number >= min && number <= max) return number;
  const std::string range = std::isinf(max)
                                ? "of at least " + short_number(min)
                                : "from " + short_number(min) + " to " + short_number(max);
  return invalid("'" + std::string(text) + "' is no number " + range);
}

std::string short_number(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}

}  // namespace unmask::cli
