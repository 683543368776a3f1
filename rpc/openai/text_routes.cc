/// The routes that make tokens of text and back.

#include <boost/json.hpp>
#include <utility>

#include "rpc/openai/chat_messages.h"
#include "rpc/openai/json_fields.h"
#include "rpc/openai/openai_api.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

HttpResponse text_page(const json::object& object) {
  HttpResponse response;
  response.content_type = "application/json";
  response.body = json::serialize(object) + "\n";
  return response;
}

/// `prompt` (vLLM's name), `content` (llama.cpp's) or `messages`.
ApiResult<actors::JobInput> input_of(std::string_view body) {
  const ApiResult<json::object> object = parse_json_body(body);
  if (!object) return object.error();
  JsonFields fields(*object);
  const auto prompt = fields.text("prompt");
  const auto content = fields.text("content");
  const bool has_messages = fields.take("messages") != nullptr;
  if (int(prompt.has_value()) + int(content.has_value()) + int(has_messages) != 1) {
    fields.fail("prompt", "is there, or 'content', or 'messages': one of them");
  }
  fields.ignore({"model"});
  fields.refuse_unless("add_generation_prompt", {true});
  actors::JobInput input = actors::TextInput{prompt ? *prompt : content.value_or(""), true};
  if (has_messages) input = actors::ChatInput{read_messages(fields)};
  if (auto error = fields.finish()) return std::move(*error);
  return input;
}

}  // namespace

void OpenAiApi::tokenize(const HttpRequest& request, const Reply& reply) {
  ApiResult<actors::JobInput> input = input_of(request.body);
  if (!input) return reply->answer(to_response(input.error()));
  text_.tokenize(std::move(*input), [this, reply](const Result<actors::TokenInput>& tokens) {
    if (!tokens) return reply->answer(to_response(api_error_of(tokens.error())));
    json::array ids, texts;
    for (const std::int32_t token : tokens->tokens) {
      ids.push_back(token);
      texts.push_back(json::value(text_.piece(token)));
    }
    reply->answer(text_page({{"count", ids.size()},
                             {"max_model_len", options_.max_positions},
                             {"tokens", ids},
                             {"token_strs", texts}}));
  });
}

void OpenAiApi::detokenize(const HttpRequest& request, const Reply& reply) const {
  const ApiResult<json::object> object = parse_json_body(request.body);
  if (!object) return reply->answer(to_response(object.error()));
  JsonFields fields(*object);
  fields.ignore({"model"});
  std::vector<std::int32_t> tokens;
  const json::array* list = fields.array("tokens");
  if (list == nullptr) fields.fail("tokens", "is a list of token ids");
  for (const json::value& entry : list != nullptr ? *list : json::array()) {
    const std::int64_t* token = entry.if_int64();
    if (token != nullptr && *token >= 0 && *token <= INT32_MAX) {
      tokens.push_back(std::int32_t(*token));
    } else {
      fields.fail("tokens", "has an entry that is no token id");
    }
  }
  if (const auto error = fields.finish()) return reply->answer(to_response(*error));
  const Result<std::string> text = text_.detokenize(tokens);
  if (!text) return reply->answer(to_response(api_error_of(text.error())));
  reply->answer(text_page({{"prompt", *text}, {"content", *text}}));
}

void OpenAiApi::apply_template(const HttpRequest& request, const Reply& reply) const {
  const ApiResult<json::object> object = parse_json_body(request.body);
  if (!object) return reply->answer(to_response(object.error()));
  JsonFields fields(*object);
  fields.ignore({"model"});
  fields.refuse_unless("add_generation_prompt", {true});
  const std::vector<tokenizer::ChatMessage> messages = read_messages(fields);
  if (const auto error = fields.finish()) return reply->answer(to_response(*error));
  const Result<std::string> text = text_.render(messages);
  if (!text) return reply->answer(to_response(api_error_of(text.error())));
  reply->answer(text_page({{"prompt", *text}}));
}

}  // namespace unmask::rpc
