#include "runtime/cli/eval/fill_in.h"

#include <algorithm>
#include <boost/json.hpp>

#include "rpc/openai/json_text.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

std::string plain_text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  const json::array* list = value.if_array();
  const auto is_text = [](const json::value& entry) { return entry.is_string(); };
  if (list == nullptr || !std::ranges::all_of(*list, is_text)) return rpc::json_text(value);
  std::string lines;
  for (const json::value& entry : *list) {
    lines += (lines.empty() ? "" : "\n") + std::string(entry.get_string());
  }
  return lines;
}

}  // namespace

Result<std::string> fill_in(std::string_view pattern, const json::object& fields) {
  std::string text;
  while (!pattern.empty()) {
    const std::size_t brace = std::min(pattern.find('{'), pattern.size());
    text += pattern.substr(0, brace);
    pattern.remove_prefix(brace);
    if (pattern.empty()) break;
    if (pattern.starts_with("{{")) {
      text += '{';
      pattern.remove_prefix(2);
      continue;
    }
    const std::size_t end = pattern.find('}');
    if (end == std::string_view::npos) return invalid("a { is never closed; {{ is a brace");
    const std::string_view name = pattern.substr(1, end - 1);
    const json::value* value = fields.if_contains({name.data(), name.size()});
    if (value == nullptr) return invalid("\"" + std::string(name) + "\" is missing");
    text += plain_text_of(*value);
    pattern.remove_prefix(end + 1);
  }
  return text;
}

}  // namespace unmask::cli
