/// JSON files that commands read and JSON objects that they print.

#pragma once

#include <string>
#include <vector>

#include "actors/messages.h"

namespace unmask::cli {

/// [{"role": ..., "content": ...}, ...]
[[nodiscard]] Result<std::vector<tokenizer::ChatMessage>> read_chat(const std::string& path);

/// [1, 2, 3]
[[nodiscard]] Result<std::vector<std::int32_t>> read_tokens(const std::string& path);

/// One line: job, text, tokens, forwards, tokens_per_forward, finish_reason, times, of a template
/// fills by name, error.
[[nodiscard]] std::string to_json(const actors::Finished& finished);
[[nodiscard]] std::string to_json(const actors::Rejected& rejected);
/// {"error": {"code": ..., "message": ...}}: what there is instead of an answer.
[[nodiscard]] std::string to_json(const Error& error);
[[nodiscard]] std::string to_json(const actors::JobList& list);
[[nodiscard]] std::string to_json(const actors::ClusterStatus& status);

}  // namespace unmask::cli
