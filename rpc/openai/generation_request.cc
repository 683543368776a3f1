#include "rpc/openai/generation_request.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "rpc/client/job_id.h"
#include "rpc/openai/chat_messages.h"
#include "rpc/openai/infill_fields.h"
#include "rpc/openai/json_fields.h"
#include "rpc/openai/sampling_fields.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

/// Fields of OpenAI and others whose effect cannot be had here.
void refuse_what_is_missing(JsonFields& fields, Endpoint endpoint) {
  const json::value no = false, zero = 0, none = json::array(), nothing = json::object();
  // Only that of the token that was chosen is kept.
  fields.refuse_unless("top_logprobs", {zero});
  fields.refuse_unless("logit_bias", {nothing});
  for (const char* key : {"frequency_penalty", "presence_penalty", "min_p", "min_tokens"}) {
    fields.refuse_unless(key, {zero, 0.0});
  }
  fields.refuse_unless("repetition_penalty", {1, 1.0});
  fields.refuse_unless("stop_token_ids", {none});
  fields.refuse_unless("echo", {no});
  fields.refuse_unless("best_of", {1});
  if (endpoint != Endpoint::kChat) return;
  fields.refuse_unless("tools", {none});
  fields.refuse_unless("tool_choice", {"none", "auto"});
  fields.refuse_unless("functions", {none});
  fields.refuse_unless("function_call", {"none", "auto"});
  fields.refuse_unless("modalities", {json::array{"text"}});
  fields.refuse_unless("reasoning_effort", {"none"});
  fields.refuse_unless("verbosity", {"medium"});
  fields.refuse_unless("prediction", {});
  fields.refuse_unless("audio", {});
  fields.refuse_unless("web_search_options", {});
  fields.refuse_unless("add_generation_prompt", {true});
  fields.refuse_unless("chat_template_kwargs", {nothing});
}

std::vector<std::string> read_stops(JsonFields& fields) {
  std::vector<std::string> stops;
  const json::value* value = fields.take("stop");
  if (value == nullptr) return stops;
  const json::array one{*value};
  const json::array& list = value->is_array() ? value->get_array() : one;
  for (const json::value& stop : list) {
    if (!stop.is_string() || stop.get_string().empty() || list.size() > kMaxApiStops) {
      fields.fail("stop", "is a text, or a list of up to " + std::to_string(kMaxApiStops) +
                              " texts, none empty");
      return {};
    }
    stops.emplace_back(stop.get_string());
  }
  return stops;
}

bool read_stream_options(JsonFields& fields, bool is_streamed) {
  const json::object* options = fields.object("stream_options");
  if (options == nullptr) return false;
  if (!is_streamed) fields.fail("stream_options", "is for a stream: set 'stream' to true");
  JsonFields inner(*options, "stream_options.");
  const bool has_usage = inner.flag("include_usage").value_or(false);
  inner.refuse_unless("continuous_usage_stats", {false});
  inner.ignore({"include_obfuscation"});
  fields.take_error_of(inner);
  return has_usage;
}

/// A JSON Schema becomes a text with holes, whose answer always parses.
void read_response_format(JsonFields& fields, actors::JobInput& input) {
  const json::object* format = fields.object("response_format");
  if (format == nullptr) return;
  JsonFields inner(*format, "response_format.");
  const std::string type = inner.text("type").value_or("");
  const json::object* named = inner.object("json_schema");
  if (type == "json_object") {
    inner.fail("type", "json_object says nothing of the object; describe it with json_schema",
               "unsupported_parameter");
  } else if (type != "text" && type != "json_schema") {
    inner.fail("type", "is text or json_schema");
  } else if ((type == "json_schema") != (named != nullptr)) {
    inner.fail("json_schema", "is there if 'response_format.type' is json_schema, and only then");
  } else if (named != nullptr) {
    JsonFields schema(*named, "response_format.json_schema.");
    schema.ignore({"name", "description", "strict"});
    if (const json::object* described = schema.object("schema")) {
      auto messages = std::move(std::get<actors::ChatInput>(input).messages);
      input = actors::TemplateInput{std::move(messages), json::serialize(*described),
                                    infilling::Format::kJsonSchema};
    } else {
      schema.fail("schema", "is the JSON Schema that the answer must fit");
    }
    inner.take_error_of(schema);
  }
  fields.take_error_of(inner);
}

std::optional<actors::TokenInput> tokens_of(const json::array& list) {
  actors::TokenInput input;
  for (const json::value& entry : list) {
    const std::int64_t* token = entry.if_int64();
    if (token == nullptr || *token < 0 || *token > INT32_MAX) return std::nullopt;
    input.tokens.push_back(std::int32_t(*token));
  }
  return input.tokens.empty() ? std::nullopt : std::optional(std::move(input));
}

std::optional<actors::JobInput> prompt_of(const json::value& value, bool special_tokens) {
  if (value.is_string()) {
    return actors::TextInput{std::string(value.get_string()), true, special_tokens};
  }
  if (!value.is_array()) return std::nullopt;
  if (auto tokens = tokens_of(value.get_array())) return std::move(*tokens);
  return std::nullopt;
}

/// A text, tokens, or a list of either. What others wrote may be a part of a text: only who says so
/// has its control tokens read as such.
std::vector<actors::JobInput> read_prompts(JsonFields& fields) {
  std::vector<actors::JobInput> inputs;
  const bool special_tokens = fields.flag("special_tokens").value_or(false);
  const json::value* value = fields.take("prompt");
  if (value != nullptr) {
    if (auto prompt = prompt_of(*value, special_tokens)) return {std::move(*prompt)};
    if (value->is_array() && value->get_array().size() <= kMaxPrompts) {
      for (const json::value& entry : value->get_array()) {
        std::optional<actors::JobInput> prompt = prompt_of(entry, special_tokens);
        if (prompt) inputs.push_back(std::move(*prompt));
      }
      if (inputs.size() == value->get_array().size() && !inputs.empty()) return inputs;
    }
  }
  fields.fail("prompt", "is a text, a list of token ids, or a list of up to " +
                            std::to_string(kMaxPrompts) + " of them");
  return {};
}

/// A chat says whether; a text completion how many other tokens are listed: none can be.
bool read_logprobs(JsonFields& fields, Endpoint endpoint) {
  if (endpoint == Endpoint::kChat) return fields.flag("logprobs").value_or(false);
  const json::value* value = fields.take("logprobs");
  if (value == nullptr) return false;
  if (*value == 0) return true;
  fields.fail(
      "logprobs",
      "can only be 0 here: that of each token of the answer when it was decided. A text has "
      "no likelihood token by token in this model, so tasks that need one cannot be judged",
      "unsupported_parameter");
  return false;
}

/// What is asked, and how the answers are made of the jobs.
struct Inputs {
  std::vector<actors::JobInput> inputs;  // one for each prompt
  bool has_length = true;                // the answers' length is asked for
  bool is_middle = false;
};

Inputs read_inputs(JsonFields& fields, Endpoint endpoint) {
  if (endpoint == Endpoint::kInfill) {
    Infill infill = read_infill(fields);
    return {{std::move(infill.input)}, false, infill.is_middle};
  }
  if (endpoint == Endpoint::kText) {
    if (auto infill = read_suffix(fields)) return {{std::move(*infill)}, false, true};
    return {read_prompts(fields)};
  }
  Inputs read{{actors::ChatInput{read_messages(fields)}}};
  read_response_format(fields, read.inputs[0]);
  if (std::holds_alternative<actors::TemplateInput>(read.inputs[0])) {
    // Clients send a length with everything; a schema says itself how long its answer may be.
    fields.ignore({"max_tokens", "max_completion_tokens"});
    read.has_length = false;
  }
  return read;
}

/// vLLM's field for what others say in X-Request-Id.
std::string read_name(JsonFields& fields) {
  constexpr std::size_t kMaxNameBytes = 128;
  std::string name = fields.text("request_id").value_or("");
  const auto is_graphic = [](char c) { return c > ' ' && c < 0x7f && c != '/'; };
  if (name.size() > kMaxNameBytes || !std::ranges::all_of(name, is_graphic)) {
    fields.fail("request_id", "has up to " + std::to_string(kMaxNameBytes) +
                                  " ASCII characters, none of them a space or a slash");
  }
  return name;
}

/// What all jobs of a request have in common.
actors::Submit read_common(JsonFields& fields, bool has_length) {
  actors::Submit common;
  common.model = fields.text("model").value_or("");
  common.stop = read_stops(fields);
  common.is_detached = fields.flag("detach").value_or(false);
  common.priority = std::int32_t(
      fields.integer("priority", -actors::kMaxPriority, actors::kMaxPriority).value_or(0));
  common.parameters = read_sampling(fields, has_length);
  fields.ignore({"user", "store", "metadata", "service_tier", "prompt_cache_key",
                 "prompt_cache_retention", "safety_identifier", "parallel_tool_calls"});
  return common;
}

}  // namespace

ApiResult<GenerationRequest> parse_generation(Endpoint endpoint, std::string_view body) {
  const ApiResult<json::object> object = parse_json_body(body);
  if (!object) return object.error();
  JsonFields fields(*object);
  GenerationRequest request;
  request.endpoint = endpoint;
  Inputs read = read_inputs(fields, endpoint);
  actors::Submit common = read_common(fields, read.has_length);
  request.is_middle = read.is_middle;
  request.is_streamed = fields.flag("stream").value_or(false);
  request.has_usage = read_stream_options(fields, request.is_streamed) || !request.is_streamed;
  request.has_frames = read_frames(fields, request.is_streamed);
  request.has_logprobs = read_logprobs(fields, endpoint);
  request.name = read_name(fields);
  request.num_per_prompt = std::size_t(fields.integer("n", 1, kMaxChoices).value_or(1));
  if (request.num_per_prompt * read.inputs.size() > kMaxChoicesInAll) {
    fields.fail("n", "makes more than " + std::to_string(kMaxChoicesInAll) + " choices");
  }
  const auto is_filled_in = [](const actors::JobInput& input) {
    return std::holds_alternative<actors::TemplateInput>(input);
  };
  if (request.has_logprobs && std::ranges::any_of(read.inputs, is_filled_in)) {
    fields.fail("logprobs", "are not kept of texts that are filled in", "unsupported_parameter");
  }
  refuse_what_is_missing(fields, endpoint);
  if (std::optional<ApiError> error = fields.finish()) return std::move(*error);

  common.subscription.blocks = request.is_streamed || request.has_logprobs;
  common.subscription.frames = request.has_frames;
  common.subscription.logprobs = request.has_logprobs;
  for (actors::JobInput& input : read.inputs) {
    for (std::size_t i = 0; i < request.num_per_prompt; ++i) {
      actors::Submit job = common;
      job.job = random_job_id();
      job.input = input;
      shift_seed(job.parameters, i);
      request.jobs.push_back(std::move(job));
    }
  }
  return request;
}

}  // namespace unmask::rpc
