#include "runtime/cli/bench/http_body.h"

#include <algorithm>
#include <boost/json.hpp>

#include "rpc/openai/json_text.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxReason = 200;  // bytes

Result<json::array> chat_messages_of(const actors::JobInput& input) {
  json::array messages;
  const auto* text = std::get_if<actors::TextInput>(&input);
  const auto* chat = std::get_if<actors::ChatInput>(&input);
  if (text != nullptr && !text->raw) {
    messages.push_back({{"role", "user"}, {"content", text->text}});
  } else if (chat != nullptr) {
    for (const tokenizer::ChatMessage& message : chat->messages) {
      messages.push_back({{"role", message.role}, {"content", message.content}});
    }
  } else {
    return invalid(
        "over HTTP a request is a prompt or messages; give a tcp:// endpoint for raw texts, tokens "
        "and templates");
  }
  return messages;
}

/// Numbers and truths as such, everything else as text.
json::value value_of(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return !error && (value.is_number() || value.is_bool()) ? value : json::value(text);
}

const json::value* member(const json::value* value, std::string_view name) {
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string text_of(const json::value* value) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? "" : std::string(*text);
}

std::int64_t count_of(const json::value* value) {
  const std::int64_t* count = value == nullptr ? nullptr : value->if_int64();
  return count == nullptr ? 0 : *count;
}

/// What an object with an `error` says, in OpenAI's form or another; nothing if it has none.
std::optional<std::string> error_in(const json::value& value) {
  const json::value* error = member(&value, "error");
  if (error == nullptr || error->is_null()) return std::nullopt;
  const std::string message = text_of(member(error, "message"));
  return message.empty() ? rpc::json_text(*error).substr(0, kMaxReason) : message;
}

}  // namespace

Result<std::string> chat_body_of(const actors::Submit& job) {
  Result<json::array> messages = chat_messages_of(job.input);
  if (!messages) return messages.error();
  json::object body{{"messages", std::move(*messages)},
                    {"stream", true},
                    {"stream_options", {{"include_usage", true}}}};
  if (!job.model.empty()) body["model"] = job.model;
  if (!job.stop.empty()) body["stop"] = json::value_from(job.stop);
  if (job.priority != 0) body["priority"] = job.priority;
  json::object diffusion;
  for (const actors::Parameter& parameter : job.parameters) {
    constexpr std::string_view kOpenAi[] = {"temperature", "top_p", "top_k", "seed"};
    if (parameter.name == "gen_length") {
      body["max_completion_tokens"] = value_of(parameter.value);
    } else if (std::ranges::find(kOpenAi, parameter.name) != std::end(kOpenAi)) {
      body[parameter.name] = value_of(parameter.value);
    } else {
      diffusion[parameter.name] = value_of(parameter.value);
    }
  }
  if (!diffusion.empty()) body["diffusion"] = std::move(diffusion);
  return rpc::json_text(body);
}

std::string error_of_answer(int status, std::string_view body) {
  const std::string head = "HTTP " + std::to_string(status);
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  const std::optional<std::string> reason = error ? std::nullopt : error_in(value);
  if (reason) return head + ": " + *reason;
  return body.empty() ? head : head + ": " + std::string(body.substr(0, kMaxReason));
}

bool ChatStream::take(std::string_view data) {
  if (data == "[DONE]") {
    is_done_ = true;
    return false;
  }
  boost::system::error_code parse_error;
  const json::value value = json::parse(data, parse_error);
  if (parse_error || !value.is_object()) {
    end_.failure = "an event of the stream is no JSON object";
    return false;
  }
  if (const std::optional<std::string> error = error_in(value)) end_.failure = *error;
  if (const json::value* usage = member(&value, "usage"); usage != nullptr && usage->is_object()) {
    end_.prompt_tokens = count_of(member(usage, "prompt_tokens"));
    end_.tokens = count_of(member(usage, "completion_tokens"));
    const json::value* diffusion = member(usage, "diffusion");
    end_.forwards = count_of(member(diffusion, "forward_passes"));
    end_.blocks = count_of(member(diffusion, "blocks"));
    const json::value* queue_ms = member(diffusion, "queue_ms");
    if (queue_ms != nullptr && queue_ms->is_number()) {
      end_.queue_s = queue_ms->to_number<double>() / 1e3;
    }
  }
  const json::value* choices = member(&value, "choices");
  if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return false;
  const json::value& choice = choices->get_array().front();
  is_finished_ = is_finished_ || !text_of(member(&choice, "finish_reason")).empty();
  return !text_of(member(member(&choice, "delta"), "content")).empty();
}

RequestEnd ChatStream::end() const {
  RequestEnd end = end_;
  if (!end.failure.empty()) return end;
  if (!is_done_) end.failure = "the stream ended without [DONE]";
  if (is_done_ && !is_finished_) end.failure = "the stream has no finish_reason";
  return end;
}

}  // namespace unmask::cli
