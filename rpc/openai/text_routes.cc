/// The routes that make tokens of text and back.

#include <boost/json.hpp>
#include <utility>

#include "rpc/openai/chat_messages.h"
#include "rpc/openai/json_fields.h"
#include "rpc/openai/json_page.h"
#include "rpc/openai/openai_api.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

struct TextToTokens {
  actors::JobInput input;
  bool is_surrounded = true;  // with what the checkpoint puts around a text
};

/// `prompt` (vLLM's name), `content` (llama.cpp's) or `messages`. Who asks wrote all of the text:
/// unless they say otherwise, control tokens in it are tokens.
ApiResult<TextToTokens> input_of(std::string_view body) {
  const ApiResult<json::object> object = parse_json_body(body);
  if (!object) return object.error();
  JsonFields fields(*object);
  const auto prompt = fields.text("prompt");
  const auto content = fields.text("content");
  const bool has_messages = fields.take("messages") != nullptr;
  if (int(prompt.has_value()) + int(content.has_value()) + int(has_messages) != 1) {
    fields.fail("prompt", "is there, or 'content', or 'messages': one of them");
  }
  fields.ignore({"model", "return_token_strs"});
  fields.refuse_unless("add_generation_prompt", {true});
  const bool has_special = fields.flag("parse_special").value_or(true);
  bool is_surrounded = fields.flag("add_special_tokens").value_or(prompt.has_value());
  const bool also = fields.flag("add_special").value_or(is_surrounded);
  is_surrounded = is_surrounded && also;
  actors::JobInput input =
      actors::TextInput{prompt ? *prompt : content.value_or(""), true, has_special};
  if (has_messages) input = actors::ChatInput{read_messages(fields)};
  if (auto error = fields.finish()) return std::move(*error);
  return TextToTokens{std::move(input), is_surrounded || has_messages};
}

json::value json_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

void OpenAiApi::tokenize(const HttpRequest& request, const Reply& reply) {
  ApiResult<TextToTokens> wanted = input_of(request.body);
  if (!wanted) return reply->answer(to_response(wanted.error()));
  const bool is_surrounded = wanted->is_surrounded;
  text_.tokenize(std::move(wanted->input), [=, this](const Result<actors::TokenInput>& tokens) {
    if (!tokens) return reply->answer(to_response(api_error_of(tokens.error())));
    json::array ids, texts;
    for (const std::int32_t token : is_surrounded ? tokens->tokens : text_.unwrap(tokens->tokens)) {
      ids.push_back(token);
      texts.push_back(json::value(text_.token(token).piece));
    }
    reply->answer(json_page({{"count", ids.size()},
                             {"max_model_len", options_.max_positions},
                             {"tokens", ids},
                             {"token_strs", texts}}));
  });
}

/// Under the names of tokenizer_config.json.
void OpenAiApi::show_tokenizer(const Reply& reply) const {
  const Result<TokenizerInfo> info = text_.info();
  if (!info) return reply->answer(to_response(api_error_of(info.error())));
  reply->answer(json_page({{"tokenizer_class", "PreTrainedTokenizerFast"},
                           {"bos_token", json_or_null(info->bos)},
                           {"eos_token", json_or_null(info->eos)},
                           {"pad_token", json_or_null(info->pad)},
                           {"mask_token", json_or_null(info->mask)},
                           {"unk_token", nullptr},
                           {"chat_template", json_or_null(info->chat_template)},
                           {"model_max_length", options_.max_positions}}));
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
  reply->answer(json_page({{"prompt", *text}, {"content", *text}}));
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
  reply->answer(json_page({{"prompt", *text}}));
}

}  // namespace unmask::rpc
