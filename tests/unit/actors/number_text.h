#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/gateway/text_service.h"

namespace unmask::actors {

/// Token 7 is "7 " as text; a text is as many tokens as it has letters, each the letter's code.
/// Answers at once, or, if `is_slow`, when it is told to.
class NumberText final : public TextService {
 public:
  void tokenize(JobInput input, std::function<void(Result<TokenInput>)> done) override {
    auto answer = [tokens = tokens_of(std::move(input)), done = std::move(done)] { done(tokens); };
    if (!is_slow) return answer();
    waiting_.emplace_back(std::move(answer));
  }

  [[nodiscard]] std::unique_ptr<TextStream> stream(const JobInput& /*input*/,
                                                   const TokenInput& /*tokens*/) const override {
    return std::make_unique<Stream>();
  }
  [[nodiscard]] std::string piece(std::int32_t token) const override {
    return std::to_string(token) + " ";
  }

  /// Answers everything that waits, in order.
  void answer_all() {
    for (const auto& answer : std::exchange(waiting_, {})) answer();
  }
  /// The answers are lost.
  void lose_all() { waiting_.clear(); }

  bool is_slow = false;

 private:
  class Stream final : public TextStream {
   public:
    [[nodiscard]] std::string append(const Committed& block) override {
      std::string text;
      for (const std::int32_t token : block.tokens) text += std::to_string(token) + " ";
      return text;
    }
    [[nodiscard]] std::string finish(bool /*is_complete*/) override { return {}; }
  };

  static Result<TokenInput> tokens_of(JobInput input) {
    if (auto* tokens = std::get_if<TokenInput>(&input)) return std::move(*tokens);
    const auto* text = std::get_if<TextInput>(&input);
    if (text == nullptr || text->text.empty()) {
      return Error{ErrorCode::kInvalidArgument, "this text cannot be tokenized"};
    }
    return TokenInput{{text->text.begin(), text->text.end()}, {}};
  }

  std::vector<std::function<void()>> waiting_;
};

}  // namespace unmask::actors
