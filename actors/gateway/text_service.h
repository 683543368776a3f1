#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "actors/messages.h"

namespace unmask::actors {

/// Turns the tokens of one job into text, block by block; never half a UTF-8 character.
class TextStream {
 public:
  virtual ~TextStream() = default;
  [[nodiscard]] virtual std::string append(std::span<const std::int32_t> tokens) = 0;
  [[nodiscard]] virtual std::string finish() = 0;  ///< what was held back
};

/// Text to tokens and back, for the gateway.
class TextService {
 public:
  virtual ~TextService() = default;

  /// Answers once, from any thread.
  ///
  /// Errors  kInvalidArgument: too long, not UTF-8, no chat template, no tokenizer, an id out of
  ///         range; kOverloaded: too many texts wait
  virtual void tokenize(JobInput input, std::function<void(Result<TokenInput>)> done) = 0;

  [[nodiscard]] virtual std::unique_ptr<TextStream> stream() const = 0;

  /// One token for a frame; empty without a tokenizer.
  [[nodiscard]] virtual std::string piece(std::int32_t token) const = 0;
};

}  // namespace unmask::actors
