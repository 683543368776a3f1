#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/messages.h"

namespace unmask::actors {

/// Turns the blocks of one job into text; never half a UTF-8 character.
class TextStream {
 public:
  virtual ~TextStream() = default;
  [[nodiscard]] virtual std::string append(const Committed& block) = 0;
  /// What was held back. is_complete: the job came to its end.
  [[nodiscard]] virtual std::string finish(bool is_complete) = 0;
  /// What stands in the holes of a template.
  [[nodiscard]] virtual std::vector<Fill> fills() const { return {}; }
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

  /// Of a job whose `input` tokenize() made these tokens of.
  [[nodiscard]] virtual std::unique_ptr<TextStream> stream(const JobInput& input,
                                                           const TokenInput& tokens) const = 0;

  /// One token for a frame; empty without a tokenizer.
  [[nodiscard]] virtual std::string piece(std::int32_t token) const = 0;
};

}  // namespace unmask::actors
