#include "actors/gateway/tokenizer_service.h"

#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/infilling/filled_text.h"
#include "model/infilling/template_tokens.h"
#include "model/tokenizer/text_decoder.h"
#include "runtime/base/check.h"

namespace unmask::actors {
namespace {

Error refused(const std::string& why) { return {ErrorCode::kInvalidArgument, why}; }

/// The messages of a chat, or of a text that is to become one.
std::vector<tokenizer::ChatMessage> messages_of(const JobInput& input) {
  if (const auto* text = std::get_if<TextInput>(&input)) return {{"user", text->text}};
  if (const auto* given = std::get_if<TemplateInput>(&input)) return given->messages;
  return std::get<ChatInput>(input).messages;
}

std::size_t num_bytes(const JobInput& input) {
  if (const auto* text = std::get_if<TextInput>(&input)) return text->text.size();
  std::size_t total = 0;
  const auto* const given = std::get_if<TemplateInput>(&input);
  if (given != nullptr) total += given->text.size();
  if (given == nullptr && !std::holds_alternative<ChatInput>(input)) return total;
  for (const auto& [role, content] : messages_of(input)) total += role.size() + content.size();
  return total;
}

/// The text of an answer: special tokens are none.
class AnswerStream final : public TextStream {
 public:
  explicit AnswerStream(std::shared_ptr<const tokenizer::Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)), decoder_(*tokenizer_, true) {}

  std::string append(const Committed& block) override { return decoder_.append(block.tokens); }
  std::string finish(bool /*is_complete*/) override { return decoder_.finish(); }

 private:
  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  tokenizer::TextDecoder decoder_;
};

/// A template with its holes filled.
class TemplateStream final : public TextStream {
 public:
  TemplateStream(std::shared_ptr<const tokenizer::Tokenizer> tokenizer, infilling::Template given,
                 Ranges positions)
      : tokenizer_(std::move(tokenizer)),
        holes_(given.holes()),
        positions_(positions),
        filled_(*tokenizer_, std::move(given), std::move(positions)) {}

  std::string append(const Committed& block) override {
    return filled_.append(block.positions.end, block.places, block.tokens);
  }
  std::string finish(bool is_complete) override { return filled_.finish(is_complete); }
  [[nodiscard]] std::vector<Fill> fills() const override {
    std::vector<Fill> fills;
    for (std::size_t i = 0; i < holes_.size(); ++i) {
      fills.push_back({holes_[i].name, positions_[i], filled_.fills()[i]});
    }
    return fills;
  }

 private:
  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  const std::vector<infilling::Hole> holes_;
  const Ranges positions_;
  infilling::FilledText filled_;
};

/// Without a tokenizer there is no text.
class NoText final : public TextStream {
 public:
  std::string append(const Committed& /*block*/) override { return {}; }
  std::string finish(bool /*is_complete*/) override { return {}; }
};

/// The chat that a template answers, or what the checkpoint begins a text with.
Result<std::vector<std::int32_t>> tokens_before(const tokenizer::Tokenizer& tokenizer,
                                                const TemplateInput& input) {
  if (input.messages.empty()) return tokenizer.surround({});
  const Result<tokenizer::RenderedChat> chat = tokenizer.chat_template().render(input.messages);
  if (!chat) return chat.error();
  return tokenizer.encode(*chat);
}

Result<TokenInput> tokens_of_template(const tokenizer::Tokenizer& tokenizer,
                                      const TemplateInput& input) {
  const Result<infilling::Template> given = infilling::parse_template(input.text, input.format);
  if (!given) return given.error();
  Result<std::vector<std::int32_t>> before = tokens_before(tokenizer, input);
  if (!before) return before.error();
  auto made = infilling::tokens_of(*given, std::move(*before), tokenizer);
  if (!made) return made.error();
  return TokenInput{std::move(made->tokens), std::move(made->holes), std::move(made->rules)};
}

/// What is done on the thread: `input` is no TokenInput.
Result<TokenInput> tokens_of(const tokenizer::Tokenizer& tokenizer, const JobInput& input) {
  if (const auto* given = std::get_if<TemplateInput>(&input)) {
    return tokens_of_template(tokenizer, *given);
  }
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
    return done(Error{ErrorCode::kTooLong, "the prompt has " + std::to_string(bytes) +
                                               " bytes, the limit is " +
                                               std::to_string(options_.max_text_bytes)});
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

std::unique_ptr<TextStream> TokenizerService::stream(const JobInput& input,
                                                     const TokenInput& tokens) const {
  if (tokenizer_ == nullptr) return std::make_unique<NoText>();
  if (const auto* given = std::get_if<TemplateInput>(&input)) {
    Result<infilling::Template> parsed = infilling::parse_template(given->text, given->format);
    UNMASK_CHECK(parsed.has_value());  // as it was when these tokens were made of it
    return std::make_unique<TemplateStream>(tokenizer_, std::move(*parsed), tokens.holes);
  }
  return std::make_unique<AnswerStream>(tokenizer_);
}

std::string TokenizerService::piece(std::int32_t token) const {
  return tokenizer_ == nullptr ? std::string() : decode(*tokenizer_, {&token, 1}, false);
}

std::string TokenizerService::no_chat_reason() const {
  return tokenizer_ == nullptr ? no_text_reason_ : tokenizer_->chat_template().unsupported_reason();
}

}  // namespace unmask::actors
