#include "runtime/cli/job/input_json.h"

#include <boost/json.hpp>

namespace unmask::cli {

namespace json = boost::json;

Result<std::vector<tokenizer::ChatMessage>> chat_of(const json::value& value,
                                                    const std::string& name) {
  const json::array* list = value.if_array();
  if (list == nullptr || list->empty()) {
    return invalid(name + " is not a list of messages [{\"role\": ..., \"content\": ...}, ...]");
  }
  std::vector<tokenizer::ChatMessage> messages;
  for (const json::value& entry : *list) {
    const json::object* message = entry.if_object();
    const json::value* role = message != nullptr ? message->if_contains("role") : nullptr;
    const json::value* content = message != nullptr ? message->if_contains("content") : nullptr;
    if (role == nullptr || content == nullptr || !role->is_string() || !content->is_string()) {
      return invalid(name + ": message " + std::to_string(messages.size()) +
                     " needs a \"role\" and a \"content\", both text");
    }
    messages.push_back({std::string(role->get_string()), std::string(content->get_string())});
  }
  return messages;
}

Result<std::vector<std::int32_t>> tokens_of(const json::value& value, const std::string& name) {
  const json::array* list = value.if_array();
  if (list == nullptr) return invalid(name + " is not a list of token ids");
  std::vector<std::int32_t> tokens;
  for (const json::value& entry : *list) {
    const std::int64_t* token = entry.if_int64();
    if (token == nullptr || *token < 0 || *token > INT32_MAX) {
      return invalid(name + ": entry " + std::to_string(tokens.size()) + " is not a token id");
    }
    tokens.push_back(std::int32_t(*token));
  }
  return tokens;
}

}  // namespace unmask::cli
