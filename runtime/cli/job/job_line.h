#pragma once

#include <string>

#include "actors/messages.h"

namespace unmask::cli {

/// A line of a jobs.jsonl: {"prompt": text} or {"messages": [...]} or {"tokens": [...]}, or a
/// "template", "json_template" or "json_schema" with or without one of the first two; and beside it
/// what the flags of `submit` and the Python client say too: "raw", "special_tokens", "stop",
/// "deadline", "model", "priority", and any diffusion parameter. null is the same as left out.
struct JobLine {
  /// The line's own "id" and "custom_id", which mean nothing here, as members of a JSON object;
  /// also of a line that cannot be a job.
  std::string ids;
  Result<actors::Submit> submit;
};

/// `common` holds for what the line does not say; of its input, how a text is meant.
[[nodiscard]] JobLine parse_job_line(const std::string& line, const actors::Submit& common);

/// The JSON object `result` with these in front.
[[nodiscard]] std::string with_ids(const std::string& ids, const std::string& result);

}  // namespace unmask::cli
