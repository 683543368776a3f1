/// A chat in a request. Only sources include this, as json_fields.h.

#pragma once

#include <vector>

#include "actors/messages.h"
#include "rpc/openai/json_fields.h"

namespace unmask::rpc {

/// The field `messages`; empty, with an error in `fields`, if it is no chat of texts.
[[nodiscard]] std::vector<tokenizer::ChatMessage> read_messages(JsonFields& fields);

}  // namespace unmask::rpc
