#pragma once

#include <string>
#include <vector>

#include "model/tokenizer/text_range.h"

namespace unmask::tokenizer {

struct ChatMessage {
  std::string role;  ///< system, user or assistant
  std::string content;

  bool operator==(const ChatMessage&) const = default;
};

/// What a template made of messages.
struct RenderedChat {
  std::string text;
  std::vector<TextRange> trusted;  ///< the template's own words, ascending: special tokens count
};

}  // namespace unmask::tokenizer
