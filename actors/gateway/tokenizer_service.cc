#include "actors/gateway/tokenizer_service.h"

#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/tokenizer/text_decoder.h"

namespace unmask::actors {
namespace {

Error refused(const std::string& why) { return {ErrorCode::kInvalidArgument, why}; }

std::size_t num_bytes(const JobInput& input) {
  if (const auto* text = std::get_if<TextInput>(&input)) return text->text.size();
  std::size_t total = 0;
  if (const auto* chat = std::get_if<ChatInput>(&input)) {
    for (const auto& [role, content] : chat->messages) total += role.size() + content.size();
  }
  return total;
}

/// The messages of a chat, or of a text that is to become one.
std::vector<tokenizer::ChatMessage> messages_of(const JobInput& input) {
  if (const auto* text = std::get_if<TextInput>(&input)) return {{"user", text->text}};
  return std::get<ChatInput>(input).messages;
}

/// The text of an answer: special tokens are none.
class AnswerStream final : public TextStream {
 public:
  explicit AnswerStream(std::shared_ptr<const tokenizer::Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)), decoder_(*tokenizer_, true) {}

  std::string append(std::span<const std::int32_t> tokens) override {
    return decoder_.append(tokens);
  }
  std::string finish() override { return decoder_.finish(); }

 private:
  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  tokenizer::TextDecoder decoder_;
};

/// Without a tokenizer there is no text.
class NoText final : public TextStream {
 public:
  std::string append(std::span<const std::int32_t> /*tokens*/) override { return {}; }
  std::string finish() override { return {}; }
};

/// What is done on the thread: `input` is no TokenInput.
Result<TokenInput> tokens_of(const tokenizer::Tokenizer& tokenizer, const JobInput& input) {
  const auto* text = std::get_if<TextInput>(&input);
  if (text != nullptr && (text->raw || !tokenizer.chat_template().exists())) {
    auto tokens = tokenizer.encode(text->text, text->special_tokens);
    if (!tokens) return tokens.error();
    return TokenInput{tokenizer.surround(std::move(*tokens)), {}};
  }
  const Result<tokenizer::RenderedChat> chat = tokenizer.chat_template().render(messages_of(input));
  if (!chat) return chat.error();
  auto tokens = tokenizer.encode(*chat);
  if (!tokens) return tokens.error();
  return TokenInput{std::move(*tokens), {}};
}

}  // namespace

TokenizerService::TokenizerService(Result<tokenizer::Tokenizer> tokenizer, Options options)
    : options_(options),
      tokenizer_(tokenizer ? std::make_shared<const tokenizer::Tokenizer>(std::move(*tokenizer))
                           : nullptr),
      no_text_reason_(tokenizer ? ""
                                : "text cannot be tokenized (" + tokenizer.error().message +
                                      "); send tokens instead"),
      thread_("tokenizer", options.max_waiting) {}

void TokenizerService::tokenize(JobInput input, std::function<void(Result<TokenInput>)> done) {
  if (auto* tokens = std::get_if<TokenInput>(&input)) return done(std::move(*tokens));
  if (tokenizer_ == nullptr) return done(refused(no_text_reason_));
  if (const std::size_t bytes = num_bytes(input); bytes > options_.max_text_bytes) {
    return done(refused("the prompt has " + std::to_string(bytes) + " bytes, the limit is " +
                        std::to_string(options_.max_text_bytes)));
  }
  const bool is_taken = thread_.post([this, input = std::move(input), done] {
    try {
      done(tokens_of(*tokenizer_, input));
    } catch (const std::exception& failure) {  // memory that is short, say
      done(Error{ErrorCode::kInternal, std::string("the tokenizer failed: ") + failure.what()});
    }
  });
  if (is_taken) return;
  done(Error{ErrorCode::kOverloaded, std::to_string(options_.max_waiting) +
                                         " texts wait to be tokenized already; try again later"});
}

std::unique_ptr<TextStream> TokenizerService::stream() const {
  if (tokenizer_ == nullptr) return std::make_unique<NoText>();
  return std::make_unique<AnswerStream>(tokenizer_);
}

std::string TokenizerService::piece(std::int32_t token) const {
  return tokenizer_ == nullptr ? std::string() : decode(*tokenizer_, {&token, 1}, false);
}

std::string TokenizerService::no_chat_reason() const {
  return tokenizer_ == nullptr ? no_text_reason_ : tokenizer_->chat_template().unsupported_reason();
}

}  // namespace unmask::actors
