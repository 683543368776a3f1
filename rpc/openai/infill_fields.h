/// Texts to be filled in. Only sources include this, as json_fields.h.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/messages.h"
#include "rpc/openai/json_fields.h"

namespace unmask::rpc {

/// One hole between two texts, which may have anything in them.
[[nodiscard]] actors::TemplateInput between(std::string_view prefix, std::string_view suffix,
                                            std::int64_t num_tokens);

/// `suffix` of a text completion: `prompt` is what stands before the hole, `max_tokens` its length.
/// Nothing if there is none.
[[nodiscard]] std::optional<actors::TemplateInput> read_suffix(JsonFields& fields);

struct Infill {
  actors::TemplateInput input;
  bool is_middle = false;  ///< the answer is what is in the hole, not the whole text
};
/// POST /v1/infill: `template` and its `format`, with `messages` or a `prompt` that it answers; or,
/// as llama.cpp has it, `input_prefix` and `input_suffix` with `n_predict` (or `max_tokens`).
[[nodiscard]] Infill read_infill(JsonFields& fields);

}  // namespace unmask::rpc
