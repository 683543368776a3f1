#include "model/tokenizer/tokenizer_config.h"

#include "model/tokenizer/tokenizer_json.h"

namespace unmask {
namespace {

namespace json = boost::json;

/// A token, as text or as an object with its content.
Result<std::optional<std::string>> read_token(const json::object& root, const char* name,
                                              const std::string& file) {
  const json::value* value = find(root, name);
  if (value == nullptr) return std::optional<std::string>();
  const std::string_view text = value->is_object()   ? text_of(value->get_object(), "content")
                                : value->is_string() ? std::string_view(value->get_string())
                                                     : std::string_view();
  if (!text.empty()) return std::optional<std::string>(text);
  return malformed(file, std::string(name) + " is " + printable(*value) + ", but must be a token");
}

/// The template, or of several with names the default.
Result<std::optional<std::string>> read_template(const json::object& root,
                                                 const std::string& file) {
  const json::value* value = find(root, "chat_template");
  if (value == nullptr) return std::optional<std::string>();
  if (value->is_string()) return std::optional<std::string>(value->get_string());
  const json::array* list = value->if_array();
  if (list == nullptr) return malformed(file, "chat_template must be text or a list");
  for (const json::value& entry : *list) {
    const json::object* named = entry.if_object();
    if (named == nullptr || text_of(*named, "name") != "default") continue;
    return std::optional<std::string>(text_of(*named, "template"));
  }
  return std::optional<std::string>();
}

}  // namespace

Result<TokenizerConfig> parse_tokenizer_config(std::string_view text, const std::string& file) {
  const Result<json::object> root = parse_json_object(text, file);
  if (!root) return root.error();
  TokenizerConfig config;
  const std::pair<const char*, std::optional<std::string>*> tokens[] = {
      {"bos_token", &config.bos_token},
      {"eos_token", &config.eos_token},
      {"mask_token", &config.mask_token},
      {"pad_token", &config.pad_token}};
  for (const auto& [name, field] : tokens) {
    Result<std::optional<std::string>> token = read_token(*root, name, file);
    if (!token) return token.error();
    *field = std::move(*token);
  }
  Result<std::optional<std::string>> chat_template = read_template(*root, file);
  if (!chat_template) return chat_template.error();
  config.chat_template = std::move(*chat_template);
  return config;
}

}  // namespace unmask
