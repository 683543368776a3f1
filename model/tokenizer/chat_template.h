#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/tokenizer/chat.h"
#include "model/tokenizer/chat_renderers.h"
#include "runtime/base/result.h"

namespace unmask::tokenizer {

/// How a model wants its messages. A template is never run: a few are known, each told by its
/// text, and a function of ours does what it does.
class ChatTemplate {
 public:
  /// None.
  ChatTemplate() = default;
  /// jinja: the chat_template of a checkpoint. bos_token: what the template calls so.
  ChatTemplate(std::string_view jinja, const std::optional<std::string>& bos_token);

  /// Whether the checkpoint brings a template, be it known or not.
  [[nodiscard]] bool exists() const { return exists_; }
  /// As the checkpoint brought it; empty if it did not.
  [[nodiscard]] const std::string& jinja() const { return jinja_; }
  /// What the template calls so; empty: nothing.
  [[nodiscard]] const std::string& bos_token() const { return bos_token_; }
  /// Why messages cannot be rendered, as a sentence; empty if they can.
  [[nodiscard]] const std::string& unsupported_reason() const { return unsupported_reason_; }

  /// add_generation_prompt: end where the assistant's answer begins.
  ///
  /// Errors  kInvalidArgument: unsupported_reason(), no message, an unknown role, no UTF-8
  [[nodiscard]] Result<RenderedChat> render(std::span<const ChatMessage> messages,
                                            bool add_generation_prompt = true) const;

 private:
  bool exists_ = false;
  RenderedChat (*render_)(const ChatContext& context) = nullptr;
  std::string jinja_;
  std::string bos_token_;
  std::string unsupported_reason_ =
      "the model has no chat template; choose one (model.chat_template) or send plain text instead "
      "of messages";
};

/// The names of the templates that are known, for people.
std::string template_names();

/// A template by its name, as a checkpoint would bring it; nothing if no template is called so.
std::optional<std::string> jinja_of_template(std::string_view name);

}  // namespace unmask::tokenizer
