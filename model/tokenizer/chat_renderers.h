/// What the known chat templates do, as functions.

#pragma once

#include <span>
#include <string>

#include "model/tokenizer/chat.h"

namespace unmask::tokenizer {

/// What a template sees. The messages are UTF-8, at least one, of known roles.
struct ChatContext {
  std::span<const ChatMessage> messages;
  std::string bos_token;
  bool add_generation_prompt = true;  ///< end where the assistant's answer begins
};

/// LLaDA: headers of Llama 3, each message trimmed.
RenderedChat render_llada(const ChatContext& context);
/// LLaDA2 without tools: one system turn, always; later system messages are dropped.
RenderedChat render_llada2(const ChatContext& context);
/// Ling, and LLaDA2 with tools: also later system messages, and what was thought is left out.
RenderedChat render_ling(const ChatContext& context);
/// ChatML: each message between its marks, and no turn of the template's own.
RenderedChat render_chatml(const ChatContext& context);
/// The first unmask-tiny: no system turn of its own, and an answer ends the text.
RenderedChat render_unmask(const ChatContext& context);

}  // namespace unmask::tokenizer
