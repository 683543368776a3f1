#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "runtime/base/result.h"

namespace unmask::cli {

/// What was said, and with which parameters the next answer is asked for.
class Conversation {
 public:
  /// What the model is told before everything; empty: nothing.
  void set_system(std::string text) { system_ = std::move(text); }
  /// In place of an earlier value of that name.
  ///
  /// Errors  kInvalidArgument: not NAME=VALUE, or a value that is refused beside the others
  Result<> set(std::string_view assignment);
  [[nodiscard]] const std::vector<actors::Parameter>& parameters() const { return parameters_; }

  void say(std::string text) { messages_.push_back({"user", std::move(text)}); }
  void answer(std::string text) { messages_.push_back({"assistant", std::move(text)}); }
  /// Takes back what nothing came of, or the last answer. False if there is nothing to say again.
  bool take_back_question();
  bool take_back_answer();
  void clear() { messages_.clear(); }

  /// All that is said, the system's text first.
  [[nodiscard]] std::vector<tokenizer::ChatMessage> messages() const;
  /// As `unmask run --messages` reads it.
  [[nodiscard]] std::string to_json() const;

 private:
  std::string system_;
  std::vector<tokenizer::ChatMessage> messages_;
  std::vector<actors::Parameter> parameters_;
};

}  // namespace unmask::cli
