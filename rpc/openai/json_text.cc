#include "rpc/openai/json_text.h"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <string_view>

namespace unmask::rpc {
namespace {

namespace json = boost::json;

std::string number_text(double number) {
  if (!std::isfinite(number)) return "null";
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}

}  // namespace

std::string json_text(const json::value& value) {
  std::string text;
  const auto separate = [&] { text += text.size() > 1 ? "," : ""; };
  if (const auto* object = value.if_object()) {
    text = "{";
    for (const auto& [key, entry] : *object) {
      separate();
      text += json::serialize(key) + ":" + json_text(entry);
    }
    return text + "}";
  }
  if (const auto* array = value.if_array()) {
    text = "[";
    for (const json::value& entry : *array) {
      separate();
      text += json_text(entry);
    }
    return text + "]";
  }
  if (const double* number = value.if_double()) return number_text(*number);
  return json::serialize(value);
}

}  // namespace unmask::rpc
