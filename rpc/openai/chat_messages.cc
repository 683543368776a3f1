#include "rpc/openai/chat_messages.h"

#include <boost/json.hpp>
#include <utility>

namespace unmask::rpc {
namespace {

namespace json = boost::json;

/// A text, or the texts of a list of parts.
std::string read_content(JsonFields& message) {
  const json::value* content = message.take("content");
  if (content == nullptr) {
    message.fail("content", "is missing");
    return {};
  }
  if (content->is_string()) return std::string(content->get_string());
  std::string text;
  for (const json::value& part : content->is_array() ? content->get_array() : json::array{}) {
    const json::object* object = part.if_object();
    const json::value* type = object != nullptr ? object->if_contains("type") : nullptr;
    const json::value* piece = object != nullptr ? object->if_contains("text") : nullptr;
    const bool is_text = type != nullptr && *type == "text" && piece != nullptr;
    if (!is_text || !piece->is_string()) {
      message.fail("content", R"(has a part that is no text: {"type": "text", "text": ...})",
                   "unsupported_content");
      return {};
    }
    text += piece->get_string();
  }
  if (!content->is_array()) message.fail("content", "is a text, or a list of parts");
  return text;
}

tokenizer::ChatMessage read_message(JsonFields& message) {
  std::string role = message.text("role").value_or("");
  if (role == "developer") role = "system";  // its newer name
  if (role != "system" && role != "user" && role != "assistant") {
    message.fail("role", "is system, developer, user or assistant");
  }
  std::string content = read_content(message);
  // What an answer has beside its text, when clients send it back.
  message.refuse_unless("tool_calls", {json::array()});
  message.refuse_unless("annotations", {json::array()});
  for (const char* key : {"refusal", "audio", "function_call"}) message.refuse_unless(key, {""});
  message.ignore({"name"});  // no template shows it
  return {std::move(role), std::move(content)};
}

}  // namespace

std::vector<tokenizer::ChatMessage> read_messages(JsonFields& fields) {
  std::vector<tokenizer::ChatMessage> messages;
  const json::array* list = fields.array("messages");
  if (list == nullptr || list->empty()) {
    fields.fail("messages", R"(is a list of messages [{"role": ..., "content": ...}, ...])");
    return messages;
  }
  for (const json::value& entry : *list) {
    const std::string name = "messages[" + std::to_string(messages.size()) + "]";
    if (!entry.is_object()) {
      fields.fail(name, R"(is no object with a "role" and a "content")");
      return messages;
    }
    JsonFields message(entry.get_object(), name + ".");
    messages.push_back(read_message(message));
    fields.take_error_of(message);
  }
  return messages;
}

}  // namespace unmask::rpc
