/// The shapes of OpenAI's answers.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "rpc/openai/generation_request.h"

namespace unmask::rpc {

/// What every object of one answer says of itself.
struct AnswerHead {
  Endpoint endpoint = Endpoint::kChat;
  std::string id;
  std::int64_t created = 0;  ///< seconds of Unix time
  std::string model;
  bool has_usage = false;  ///< a stream whose chunks have the field
};

/// `chatcmpl-` or `cmpl-` and the job's id.
[[nodiscard]] std::string answer_id(Endpoint endpoint, JobId job);
/// The job's id in it, or as it is.
[[nodiscard]] Result<JobId> job_of_answer_id(std::string_view id);

/// How a choice ended, in OpenAI's words; a job whose time was over ended at a length.
[[nodiscard]] std::string_view finish_reason_of(actors::FinishReason reason);

/// Of all choices; those of one prompt stand together, and it counts once.
struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t forwards = 0;
  std::int64_t blocks = 0;
};
[[nodiscard]] Usage usage_of(const std::vector<actors::Finished>& choices,
                             std::size_t num_per_prompt);

/// A whole answer, as JSON.
[[nodiscard]] std::string answer_json(const AnswerHead& head,
                                      const std::vector<actors::Finished>& choices,
                                      std::size_t num_per_prompt);

/// Chunks of a stream, as JSON.
[[nodiscard]] std::string role_chunk(const AnswerHead& head, std::size_t choice);
[[nodiscard]] std::string text_chunk(const AnswerHead& head, std::size_t choice,
                                     std::string_view text);
[[nodiscard]] std::string end_chunk(const AnswerHead& head, std::size_t choice,
                                    std::string_view finish_reason);
[[nodiscard]] std::string usage_chunk(const AnswerHead& head, const Usage& usage);

/// As an event of a stream.
[[nodiscard]] std::string event_of(std::string_view json);
inline constexpr std::string_view kLastEvent = "data: [DONE]\n\n";

/// GET /v1/jobs
[[nodiscard]] std::string job_list_json(const actors::JobList& list);

}  // namespace unmask::rpc
