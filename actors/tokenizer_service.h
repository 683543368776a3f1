#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/text_service.h"
#include "model/tokenizer/tokenizer.h"
#include "runtime/work_thread.h"

namespace unmask {

/// A checkpoint's tokenizer for the gateway, on a thread of its own.
///
/// What users write never makes a special token. A user's single text becomes a chat of one
/// message, unless it is raw or the checkpoint has no chat template: then it is tokens as they
/// are, with what the checkpoint puts around a text.
class TokenizerService final : public TextService {
 public:
  struct Options {
    std::size_t max_text_bytes = 256 << 10;  ///< of all that one job says
    std::size_t max_waiting = 1024;          ///< texts; those of cancelled jobs too
  };

  /// tokenizer: of Tokenizer::open(); an error is the reason for which text is refused, while
  /// tokens pass as they are.
  TokenizerService(Result<Tokenizer> tokenizer, Options options);
  explicit TokenizerService(Result<Tokenizer> tokenizer)
      : TokenizerService(std::move(tokenizer), Options()) {}

  void tokenize(JobInput input, std::function<void(Result<TokenInput>)> done) override;
  [[nodiscard]] std::unique_ptr<TextStream> stream() const override;
  /// Special tokens are their literal text, half a character is U+FFFD.
  [[nodiscard]] std::string piece(std::int32_t token) const override;

  /// Null without a tokenizer.
  [[nodiscard]] const Tokenizer* tokenizer() const { return tokenizer_.get(); }
  /// Why messages are refused; empty if they are not.
  [[nodiscard]] std::string why_no_chat() const;

 private:
  const Options options_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
  const std::string why_no_text_;  // without a tokenizer
  WorkThread thread_;              // last: it stops before the rest goes
};

}  // namespace unmask
