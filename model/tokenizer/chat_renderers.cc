#include "model/tokenizer/chat_renderers.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/tokenizer/char_class.h"

namespace unmask::tokenizer {
namespace {

/// Puts a chat together, and keeps what the template wrote apart from what users wrote.
class Writer {
 public:
  Writer& own(std::string_view text) {
    const std::size_t begin = chat_.text.size();
    chat_.text += text;
    if (!chat_.trusted.empty() && chat_.trusted.back().end == begin) {
      chat_.trusted.back().end = chat_.text.size();
    } else {
      chat_.trusted.push_back({begin, chat_.text.size()});
    }
    return *this;
  }
  Writer& users(std::string_view text) {
    chat_.text += text;
    return *this;
  }
  RenderedChat take() { return std::move(chat_); }

 private:
  RenderedChat chat_;
};

/// What Python's str.strip() takes away: \s, and the four separators of ASCII.
bool is_stripped(std::string_view text, std::size_t at) {
  return (text[at] >= 0x1c && text[at] <= 0x1f) || char_at(text, at).is_space();
}

std::string_view strip(std::string_view text) {
  std::size_t begin = 0, end = 0;
  bool is_before = true;
  for (std::size_t at = 0; at < text.size(); at += char_at(text, at).length) {
    if (is_stripped(text, at)) continue;
    if (std::exchange(is_before, false)) begin = at;
    end = at + char_at(text, at).length;
  }
  return text.substr(begin, end - begin);
}

std::string_view strip_first_newlines(std::string_view text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of('\n')));
  return text;
}

std::string_view strip_last_newlines(std::string_view text) {
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

constexpr std::string_view kThinkBegin = "<think>";
constexpr std::string_view kThinkEnd = "</think>";

/// An assistant's message: what it thought, and what it said.
struct Thought {
  std::string_view reasoning;
  std::string_view answer;
};

Thought split_thought(std::string_view content) {
  const std::size_t first_end = content.find(kThinkEnd);
  if (first_end == std::string_view::npos) return {{}, content};
  std::string_view reasoning = strip_last_newlines(content.substr(0, first_end));
  const std::size_t begin = reasoning.rfind(kThinkBegin);
  if (begin != std::string_view::npos) reasoning.remove_prefix(begin + kThinkBegin.size());
  const std::size_t last_end = content.rfind(kThinkEnd);
  return {strip_first_newlines(strip_last_newlines(reasoning)),
          strip_first_newlines(content.substr(last_end + kThinkEnd.size()))};
}

/// The turn with which LLaDA2 and Ling begin.
void open_ling(const ChatContext& context, Writer& chat) {
  chat.own("<role>SYSTEM</role>");
  if (context.messages.front().role == "system") {
    chat.users(context.messages.front().content).own("\n");
  }
  chat.own("detailed thinking off<|role_end|>");
}

}  // namespace

RenderedChat render_llada(const ChatContext& context) {
  Writer chat;
  chat.own(context.bos_token);
  for (const ChatMessage& message : context.messages) {
    chat.own("<|start_header_id|>").users(message.role).own("<|end_header_id|>\n\n");
    chat.users(strip(message.content)).own("<|eot_id|>");
  }
  if (context.add_generation_prompt) {
    chat.own("<|start_header_id|>assistant<|end_header_id|>\n\n");
  }
  return chat.take();
}

RenderedChat render_llada2(const ChatContext& context) {
  Writer chat;
  open_ling(context, chat);
  for (const ChatMessage& message : context.messages) {
    if (message.role == "system") continue;
    chat.own(message.role == "user" ? "<role>HUMAN</role>" : "<role>ASSISTANT</role>");
    chat.users(message.content).own("<|role_end|>");
  }
  if (context.add_generation_prompt) chat.own("<role>ASSISTANT</role>");
  return chat.take();
}

RenderedChat render_ling(const ChatContext& context) {
  const std::span<const ChatMessage> messages = context.messages;
  // Only what was thought since the last question is shown again; without a question, nothing is.
  std::size_t last_query = messages.size() - 1;
  for (std::size_t i = messages.size(); i-- > 0;) {
    const std::string& text = messages[i].content;
    const bool is_tool_answer =
        text.starts_with("<tool_response>") && text.ends_with("</tool_response>");
    if (messages[i].role != "user" || is_tool_answer) continue;
    last_query = i;
    break;
  }
  Writer chat;
  open_ling(context, chat);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const ChatMessage& message = messages[i];
    if (message.role == "user") {
      chat.own("<role>HUMAN</role>").users(message.content).own("<|role_end|>");
    } else if (message.role == "assistant") {
      const Thought thought = split_thought(message.content);
      chat.own("<role>ASSISTANT</role>");
      if (i > last_query && !thought.reasoning.empty()) {
        chat.own("\n<think>\n").users(thought.reasoning).own("\n</think>\n\n");
      }
      chat.users(thought.answer).own("<|role_end|>");
    } else if (i > 0) {
      chat.own("<role>SYSTEM</role>").users(message.content).own("<|role_end|>");
    }
  }
  if (context.add_generation_prompt) chat.own("<role>ASSISTANT</role>");
  return chat.take();
}

RenderedChat render_unmask(const ChatContext& context) {
  Writer chat;
  for (const ChatMessage& message : context.messages) {
    const bool is_answer = message.role == "assistant";
    chat.own(message.role == "system" ? "<role>SYSTEM</role>"
             : is_answer              ? "<role>ASSISTANT</role>"
                                      : "<role>HUMAN</role>");
    chat.users(message.content).own(is_answer ? "<|endoftext|>" : "<|role_end|>");
  }
  if (context.add_generation_prompt) chat.own("<role>ASSISTANT</role>");
  return chat.take();
}

RenderedChat render_chatml(const ChatContext& context) {
  Writer chat;
  for (const ChatMessage& message : context.messages) {
    chat.own("<|im_start|>").users(message.role).own("\n");
    chat.users(message.content).own("<|im_end|>\n");
  }
  if (context.add_generation_prompt) chat.own("<|im_start|>assistant\n");
  return chat.take();
}

}  // namespace unmask::tokenizer
