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

/// One job per line of a jobs.jsonl: {"prompt": text} or {"messages": [...]} or {"tokens": [...]},
/// with any diffusion parameter, "stop" and "raw" beside it.
[[nodiscard]] Result<actors::Submit> parse_job_line(const std::string& line);

/// One line: job, text, tokens, forwards, tokens_per_forward, finish_reason, times, error.
[[nodiscard]] std::string to_json(const actors::Finished& finished);
[[nodiscard]] std::string to_json(const actors::Rejected& rejected);
[[nodiscard]] std::string to_json(const actors::JobList& list);
[[nodiscard]] std::string to_json(const actors::ClusterStatus& status);

}  // namespace unmask::cli
