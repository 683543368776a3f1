#include "runtime/cli/eval/task_items.h"

#include <algorithm>
#include <boost/json.hpp>
#include <span>
#include <string_view>

#include "rpc/openai/json_text.h"
#include "runtime/base/digest.h"
#include "runtime/cli/job/input_json.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxTaskBytes = std::size_t(2) << 30;  // of a public set with its tests

/// Of an item with "cases": the answer is the definition of one function.
constexpr const char* kCasesChecker = R"(scope = {}
exec(code, scope)
functions = [v for k, v in scope.items() if callable(v) and k != '__builtins__']
assert len(functions) == 1
for arguments, result in item['cases']:
    assert functions[0](*arguments) == result
)";

Result<> take_value(const json::value& value, const TakeItem& take) {
  const json::object* object = value.if_object();
  if (object == nullptr) return invalid("not a JSON object");
  return take(*object);
}

Result<> take_line(std::string_view line, const TakeItem& take) {
  boost::system::error_code error;
  const json::value value = json::parse({line.data(), line.size()}, error);
  if (error) return invalid("not JSON: " + error.message());
  return take_value(value, take);
}

Result<> read_list(const std::string& path, std::string_view text, const TakeItem& take) {
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return invalid("'" + path + "' is not JSON: " + error.message());
  std::size_t number = 0;
  for (const json::value& entry : value.get_array()) {
    if (const Result<> taken = take_value(entry, take); !taken) {
      return invalid("'" + path + "' entry " + std::to_string(number) + ": " +
                     taken.error().message);
    }
    ++number;
  }
  if (number == 0) return invalid("'" + path + "' has no item");
  return {};
}

/// The text of a member that has to be there.
Result<std::string> text_in(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) {
    return invalid("\"" + std::string(key) + "\" is missing or no text");
  }
  return std::string(value->get_string());
}

Result<actors::JobInput> question_of(const json::object& object) {
  const json::value* messages = object.if_contains("messages");
  if ((messages != nullptr) == (object.if_contains("prompt") != nullptr)) {
    return invalid("an item has one of \"prompt\" and \"messages\"");
  }
  if (messages == nullptr) {
    Result<std::string> prompt = text_in(object, "prompt");
    if (!prompt) return prompt.error();
    return actors::TextInput{std::move(*prompt)};
  }
  Result<std::vector<tokenizer::ChatMessage>> chat = chat_of(*messages, "\"messages\"");
  if (!chat) return chat.error();
  return actors::ChatInput{std::move(*chat)};
}

Result<> add_checker(const json::object& object, TaskItem& item) {
  static const auto of_cases = std::make_shared<const std::string>(kCasesChecker);
  if (const json::value* cases = object.if_contains("cases")) {
    const auto is_case = [](const json::value& value) {
      return value.is_array() && value.get_array().size() == 2 && value.get_array()[0].is_array();
    };
    if (!cases->is_array() || !std::ranges::all_of(cases->get_array(), is_case)) {
      return invalid("\"cases\" is not a list of [[arguments], result]");
    }
    item.checker = of_cases;
  } else {
    const Result<std::string> checker = text_in(object, "checker");
    if (!checker) return invalid("verifier python takes \"cases\" or a \"checker\"");
    item.checker = std::make_shared<const std::string>(*checker);
  }
  item.json = rpc::json_text(object);
  return {};
}

}  // namespace

Result<> read_objects(const std::string& path, const TakeItem& take) {
  const Result<std::string> text = read_text(path, kMaxTaskBytes);
  if (!text) return text.error();
  std::string_view rest = *text;
  if (rest.substr(std::min(rest.find_first_not_of(" \t\r\n"), rest.size())).starts_with('[')) {
    return read_list(path, rest, take);
  }
  std::size_t number = 0, taken_lines = 0;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ++number;
    if (trimmed(line).empty()) continue;
    if (const Result<> taken = take_line(line, take); !taken) {
      return invalid("'" + path + "' line " + std::to_string(number) + ": " +
                     taken.error().message);
    }
    ++taken_lines;
  }
  if (taken_lines == 0) return invalid("'" + path + "' has no item");
  return {};
}

Result<TaskItem> item_of(const json::object& object) {
  TaskItem item;
  Result<actors::JobInput> input = question_of(object);
  if (!input) return input.error();
  item.input = std::move(*input);
  const Result<std::string> name = text_in(object, "verifier");
  if (!name) return name.error();
  const Result<Verifier> verifier = parse_verifier(*name);
  if (!verifier) return verifier.error();
  item.verifier = *verifier;
  if (*verifier == Verifier::kPython) {
    if (const Result<> added = add_checker(object, item); !added) return added.error();
  } else {
    Result<std::string> answer = text_in(object, "answer");
    if (!answer) return answer.error();
    item.answer = std::move(*answer);
  }
  seal(item);
  return item;
}

void seal(TaskItem& item) {
  Digest digest;
  const auto add = [&](const std::string& text) {
    digest.add(text.size());
    digest.add(std::as_bytes(std::span(text)));
  };
  if (const auto* text = std::get_if<actors::TextInput>(&item.input)) add(text->text);
  if (const auto* chat = std::get_if<actors::ChatInput>(&item.input)) {
    for (const auto& [role, content] : chat->messages) add(role), add(content);
  }
  add(item.answer);
  add(item.json);
  if (item.checker) add(*item.checker);
  digest.add(std::uint64_t(item.verifier));
  item.digest = digest.value();
}

}  // namespace unmask::cli
