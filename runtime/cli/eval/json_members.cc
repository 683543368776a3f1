#include "runtime/cli/eval/json_members.h"

#include <boost/json.hpp>

namespace unmask::cli {

namespace json = boost::json;

std::string text_or_nothing(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_array()) return texts;
  for (const json::value& entry : value->get_array()) {
    if (entry.is_string()) texts.emplace_back(entry.get_string());
  }
  return texts;
}

std::optional<double> number_or_nothing(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

}  // namespace unmask::cli
