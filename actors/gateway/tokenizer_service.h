#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/gateway/text_service.h"
#include "model/tokenizer/tokenizer.h"
#include "runtime/os/work_thread.h"

namespace unmask::actors {

/// A checkpoint's tokenizer for the gateway, on a thread of its own.
///
/// What users write makes no special token, unless they ask for it with a raw text. A user's single
/// text becomes a chat of one message, unless it is raw or the checkpoint has no chat template:
/// then it is tokens as they are, with what the checkpoint puts around a text.
class TokenizerService final : public TextService {
 public:
  struct Options {
    std::size_t max_text_bytes = 256 << 10;  ///< of all that one job says
    std::size_t max_waiting = 1024;          ///< texts; those of cancelled jobs too
  };

  /// tokenizer: of Tokenizer::open(); an error is the reason for which text is refused, while
  /// tokens pass as they are.
  TokenizerService(Result<tokenizer::Tokenizer> tokenizer, Options options);
  explicit TokenizerService(Result<tokenizer::Tokenizer> tokenizer)
      : TokenizerService(std::move(tokenizer), Options()) {}

  void tokenize(JobInput input, std::function<void(Result<TokenInput>)> done) override;
  [[nodiscard]] std::unique_ptr<TextStream> stream(const JobInput& input,
                                                   const TokenInput& tokens) const override;
  /// Special tokens are their literal text, half a character is U+FFFD.
  [[nodiscard]] std::string piece(std::int32_t token) const override;

  /// Null without a tokenizer.
  [[nodiscard]] const tokenizer::Tokenizer* tokenizer() const { return tokenizer_.get(); }
  /// Why messages are refused; empty if they are not.
  [[nodiscard]] std::string no_chat_reason() const;

 private:
  const Options options_;
  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  const std::string no_text_reason_;  // without a tokenizer
  WorkThread thread_;                 // last: it stops before the rest goes
};

}  // namespace unmask::actors
