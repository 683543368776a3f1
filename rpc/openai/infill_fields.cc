#include "rpc/openai/infill_fields.h"

#include <boost/json.hpp>
#include <utility>

#include "rpc/openai/chat_messages.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

constexpr std::int64_t kDefaultMiddleTokens = 16;  // OpenAI's default of a text completion

std::int64_t read_middle_length(JsonFields& fields, std::initializer_list<const char*> names) {
  std::optional<std::int64_t> length;
  for (const char* name : names) {
    const json::value* value = fields.take(name);
    if (value != nullptr && *value == -1) continue;  // llama.cpp's "as many as you like"
    const auto given = fields.integer(name, 1, infilling::kMaxHoleTokens);
    if (given && length && *length != *given) fields.fail(name, "says another length than before");
    if (given) length = given;
  }
  return length.value_or(kDefaultMiddleTokens);
}

infilling::Format read_format(JsonFields& fields) {
  const std::string name = fields.text("format").value_or("text");
  if (name == "json_template") return infilling::Format::kJson;
  if (name == "json_schema") return infilling::Format::kJsonSchema;
  if (name != "text") fields.fail("format", "is text, json_template or json_schema");
  return infilling::Format::kText;
}

/// What the template answers, if it answers anything.
std::vector<tokenizer::ChatMessage> read_question(JsonFields& fields) {
  const auto prompt = fields.text("prompt");
  if (fields.take("messages") == nullptr) {
    if (prompt) return {{"user", *prompt}};
    return {};
  }
  if (prompt) fields.fail("prompt", "and 'messages' are the same: give one of them");
  return read_messages(fields);
}

/// A schema may be written as a text, or as the object that it is.
std::string read_template(JsonFields& fields) {
  const json::value* value = fields.take("template");
  if (value != nullptr && value->is_object()) {
    if (fields.take("format") == nullptr) {
      fields.fail("format", "says what the object is: json_template or json_schema");
    }
    return json::serialize(*value);
  }
  if (value != nullptr && value->is_string()) return std::string(value->get_string());
  fields.fail("template",
              "is a text with holes {{name:N}} of N tokens each (or give "
              "'input_prefix' and 'input_suffix')");
  return {};
}

}  // namespace

actors::TemplateInput between(std::string_view prefix, std::string_view suffix,
                              std::int64_t num_tokens) {
  const json::array pieces{prefix, json::array{"middle", num_tokens}, suffix};
  return {{}, json::serialize(pieces), infilling::Format::kPieces};
}

std::optional<actors::TemplateInput> read_suffix(JsonFields& fields) {
  const std::string suffix = fields.text("suffix").value_or("");
  if (suffix.empty()) return std::nullopt;
  const json::value* prompt = fields.take("prompt");
  if (prompt == nullptr || !prompt->is_string()) {
    fields.fail("prompt", "is a text where there is a 'suffix'");
    return actors::TemplateInput{};
  }
  return between(prompt->get_string(), suffix, read_middle_length(fields, {"max_tokens"}));
}

Infill read_infill(JsonFields& fields) {
  const auto prefix = fields.text("input_prefix"), suffix = fields.text("input_suffix");
  if (!prefix && !suffix) {
    if (fields.take("max_tokens") != nullptr) {
      fields.fail("max_tokens", "is of no effect: holes say how long they are");
    }
    return {{read_question(fields), read_template(fields), read_format(fields)}, false};
  }
  if (fields.take("template") != nullptr) {
    fields.fail("template", "and 'input_prefix' or 'input_suffix' exclude each other");
  }
  // llama.cpp's: what of the middle is written already.
  const std::string begun = fields.text("prompt").value_or("");
  const std::int64_t length = read_middle_length(fields, {"n_predict", "max_tokens"});
  return {between(prefix.value_or("") + begun, suffix.value_or(""), length), true};
}

}  // namespace unmask::rpc
