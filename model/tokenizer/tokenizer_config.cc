#include "model/tokenizer/tokenizer_config.h"

#include "model/tokenizer/tokenizer_json.h"

namespace unmask::tokenizer {
namespace {

namespace json = boost::json;

/// A token, as text or as an object with its content.
Result<> read_token(const json::object& root, const char* name, const std::string& file,
                    std::optional<std::string>& token) {
  const json::value* value = find(root, name);
  if (value == nullptr) return {};
  const std::string_view text =
      value->is_object() ? text_of(value->get_object(), "content") : text_of(root, name);
  if (text.empty()) {
    return malformed(
        file, std::string(name) + " is " + checkpoint::printable(*value) + ", but must be a token");
  }
  token.emplace(text);
  return {};
}

/// The template, or of several with names the default.
Result<> read_template(const json::object& root, const std::string& file,
                       std::optional<std::string>& chat_template) {
  const json::value* value = find(root, "chat_template");
  if (value == nullptr) return {};
  if (value->is_string()) {
    chat_template.emplace(value->get_string());
    return {};
  }
  const json::array* list = value->if_array();
  if (list == nullptr) return malformed(file, "chat_template must be text or a list");
  for (const json::value& entry : *list) {
    const json::object* named = entry.if_object();
    if (named == nullptr || text_of(*named, "name") != "default") continue;
    chat_template.emplace(text_of(*named, "template"));
  }
  return {};
}

}  // namespace

Result<TokenizerConfig> parse_tokenizer_config(std::string_view text, const std::string& file) {
  const Result<json::object> root = checkpoint::parse_json_object(text, file);
  if (!root) return root.error();
  TokenizerConfig config;
  const std::pair<const char*, std::optional<std::string>*> tokens[] = {
      {"bos_token", &config.bos_token},
      {"eos_token", &config.eos_token},
      {"mask_token", &config.mask_token},
      {"pad_token", &config.pad_token}};
  for (const auto& [name, field] : tokens) {
    if (const Result<> read = read_token(*root, name, file, *field); !read) return read.error();
  }
  if (const Result<> read = read_template(*root, file, config.chat_template); !read) {
    return read.error();
  }
  return config;
}

}  // namespace unmask::tokenizer
