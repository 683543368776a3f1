#include "runtime/cli/job/job_line.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>

#include "rpc/client/job_id.h"
#include "rpc/openai/json_text.h"
#include "runtime/cli/job/deadline.h"
#include "runtime/cli/job/input_json.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kInputs[] = {"prompt", "messages", "tokens"};
struct NamedFormat {
  std::string_view key;
  infilling::Format format;
};
constexpr NamedFormat kTemplates[] = {{"template", infilling::Format::kText},
                                      {"json_template", infilling::Format::kJson},
                                      {"json_schema", infilling::Format::kJsonSchema}};
constexpr std::string_view kIds[] = {"id", "custom_id"};

std::string quoted(std::string_view key) { return "\"" + std::string(key) + "\""; }

/// What is there and not null.
const json::value* given(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<bool> flag_of(const json::object& object, std::string_view key, bool otherwise = false) {
  const json::value* value = given(object, key);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) return invalid(quoted(key) + " is true or false");
  return value->get_bool();
}

Result<actors::JobInput> text_of(const json::object& object, const json::value& prompt,
                                 const actors::TextInput& common) {
  if (!prompt.is_string()) return invalid("\"prompt\" is a text");
  const Result<bool> raw = flag_of(object, "raw", common.raw);
  if (!raw) return raw.error();
  const Result<bool> special = flag_of(object, "special_tokens", *raw && common.special_tokens);
  if (!special) return special.error();
  if (*special && !*raw) return invalid("\"special_tokens\" is for a prompt with \"raw\"");
  return actors::TextInput{std::string(prompt.get_string()), *raw, *special};
}

/// A template as text, or, of JSON, as it is.
Result<actors::JobInput> template_of(const json::object& object) {
  actors::TemplateInput input;
  int num_given = 0;
  for (const auto& [key, format] : kTemplates) {
    const json::value* value = given(object, key);
    if (value == nullptr) continue;
    if (++num_given > 1) {
      return invalid("a job has one of \"template\", \"json_template\" and \"json_schema\"");
    }
    if (format == infilling::Format::kText && !value->is_string()) {
      return invalid("\"template\" is a text");
    }
    input.format = format;
    input.text = value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
  }
  for (const char* key : {"raw", "special_tokens", "tokens"}) {
    if (given(object, key) != nullptr) return invalid(quoted(key) + " is not for a template");
  }
  const json::value* prompt = given(object, "prompt");
  const json::value* messages = given(object, "messages");
  if (prompt != nullptr && messages != nullptr) {
    return invalid("a job has one of \"prompt\" and \"messages\"");
  }
  if (prompt != nullptr && !prompt->is_string()) return invalid("\"prompt\" is a text");
  if (prompt != nullptr) input.messages.push_back({"user", std::string(prompt->get_string())});
  if (messages != nullptr) {
    Result<std::vector<tokenizer::ChatMessage>> chat = chat_of(*messages, "\"messages\"");
    if (!chat) return chat.error();
    input.messages = std::move(*chat);
  }
  return input;
}

Result<actors::JobInput> input_of(const json::object& object, const actors::Submit& common) {
  const auto is_given = [&](std::string_view key) { return given(object, key) != nullptr; };
  if (std::ranges::any_of(kTemplates, is_given, &NamedFormat::key)) return template_of(object);
  if (std::ranges::count_if(kInputs, is_given) != 1) {
    return invalid("a job has one of \"prompt\", \"messages\" and \"tokens\"");
  }
  if (const json::value* prompt = given(object, "prompt")) {
    const auto* text = std::get_if<actors::TextInput>(&common.input);
    return text_of(object, *prompt, text != nullptr ? *text : actors::TextInput{});
  }
  for (const char* key : {"raw", "special_tokens"}) {
    const Result<bool> flag = flag_of(object, key);
    if (!flag) return flag.error();
    if (*flag) return invalid(quoted(key) + " is for a \"prompt\"");
  }
  if (const json::value* messages = given(object, "messages")) {
    Result<std::vector<tokenizer::ChatMessage>> chat = chat_of(*messages, "\"messages\"");
    if (!chat) return chat.error();
    return actors::ChatInput{std::move(*chat)};
  }
  Result<std::vector<std::int32_t>> ids = tokens_of(object.at("tokens"), "\"tokens\"");
  if (!ids) return ids.error();
  return actors::TokenInput{std::move(*ids), {}};
}

Result<> set_stop(actors::Submit& submit, const json::value& value) {
  const Error error = invalid("\"stop\" is a text or a list of texts");
  submit.stop.clear();
  if (value.is_string()) {
    submit.stop.emplace_back(value.get_string());
    return {};
  }
  const json::array* list = value.if_array();
  if (list == nullptr) return error;
  for (const json::value& entry : *list) {
    if (!entry.is_string()) return error;
    submit.stop.emplace_back(entry.get_string());
  }
  return {};
}

Result<> set_deadline(actors::Submit& submit, const json::value& value) {
  if (!value.is_string() && !value.is_number()) {
    return invalid("\"deadline\" is a number of seconds, or a text like \"500ms\" or \"2s\"");
  }
  const auto deadline = value.is_string()
                            ? parse_deadline(std::string(value.get_string()), "\"deadline\"")
                            : deadline_of(value.to_number<double>(), "\"deadline\"");
  if (!deadline) return deadline.error();
  submit.deadline = *deadline;
  return {};
}

Result<> set_priority(actors::Submit& submit, const json::value& value) {
  const std::int64_t* number = value.if_int64();
  if (number == nullptr || *number < -actors::kMaxPriority || *number > actors::kMaxPriority) {
    return invalid("\"priority\" is a whole number from " + std::to_string(-actors::kMaxPriority) +
                   " to " + std::to_string(actors::kMaxPriority));
  }
  submit.priority = std::int32_t(*number);
  return {};
}

Result<> set_model(actors::Submit& submit, const json::value& value) {
  if (!value.is_string()) return invalid("\"model\" is a text");
  submit.model = value.get_string();
  return {};
}

/// Any other field is a diffusion parameter.
Result<> set_parameter(actors::Submit& submit, std::string_view key, const json::value& value) {
  if (!value.is_primitive()) return invalid(quoted(key) + " cannot be a list or an object");
  std::erase_if(submit.parameters, [&](const auto& common) { return common.name == key; });
  std::string text = value.is_string() ? std::string(value.get_string()) : rpc::json_text(value);
  submit.parameters.push_back({std::string(key), std::move(text)});
  return {};
}

Result<> set(actors::Submit& submit, std::string_view key, const json::value& value) {
  if (key == "stop") return set_stop(submit, value);
  if (key == "deadline") return set_deadline(submit, value);
  if (key == "priority") return set_priority(submit, value);
  if (key == "model") return set_model(submit, value);
  return set_parameter(submit, key, value);
}

/// What set() has no part in.
bool is_read_already(std::string_view key) {
  return std::ranges::count(kInputs, key) > 0 ||
         std::ranges::count(kTemplates, key, &NamedFormat::key) > 0 ||
         std::ranges::count(kIds, key) > 0 || key == "raw" || key == "special_tokens";
}

Result<actors::Submit> submit_of(const json::object& object, const actors::Submit& common) {
  for (const std::string_view key : kIds) {
    const json::value* id = object.if_contains(key);
    if (id != nullptr && !id->is_primitive())
      return invalid(quoted(key) + " is a text or a number");
  }
  actors::Submit submit = common;
  submit.job = rpc::random_job_id();
  Result<actors::JobInput> input = input_of(object, common);
  if (!input) return input.error();
  submit.input = std::move(*input);
  for (const auto& [key, value] : object) {
    if (is_read_already(key) || value.is_null()) continue;
    const Result<> is_set = set(submit, key, value);
    if (!is_set) return is_set.error();
  }
  return submit;
}

std::string ids_of(const json::object& object) {
  std::string ids;
  for (const std::string_view key : kIds) {
    const json::value* id = object.if_contains(key);
    if (id != nullptr && id->is_primitive()) ids += quoted(key) + ":" + rpc::json_text(*id) + ",";
  }
  return ids;
}

}  // namespace

JobLine parse_job_line(const std::string& line, const actors::Submit& common) {
  boost::system::error_code error;
  const json::value value = json::parse(line, error);
  if (error) return {"", invalid("the line is not JSON: " + error.message())};
  const json::object* object = value.if_object();
  if (object == nullptr) return {"", invalid("the line is not a JSON object")};
  return {ids_of(*object), submit_of(*object, common)};
}

std::string with_ids(const std::string& ids, const std::string& result) {
  return "{" + ids + result.substr(1);
}

}  // namespace unmask::cli
