/// The shapes of OpenAI's answers. Only sources include this: Boost stays out of public headers.

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "rpc/http/http_message.h"
#include "rpc/openai/generation_request.h"
#include "rpc/openai/logprob_rows.h"

namespace unmask::rpc {

/// What every object of one answer says of itself.
struct AnswerHead {
  Endpoint endpoint = Endpoint::kChat;
  std::string id;
  std::int64_t created = 0;  ///< seconds of Unix time
  std::string model;
  bool has_usage = false;  ///< a stream whose chunks have the field
};

/// `chatcmpl-`, `cmpl-` or `infill-`, and the client's name for it or the job's id.
[[nodiscard]] std::string answer_id(Endpoint endpoint, std::string_view name);
/// What stands behind such a prefix, or all of it.
[[nodiscard]] std::string_view name_in(std::string_view answer_id);

/// How a choice ended, in OpenAI's words; a job whose time was over ended at a length.
[[nodiscard]] std::string_view finish_reason_of(actors::FinishReason reason);

/// Of all choices; those of one prompt stand together, and it counts once.
struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t forwards = 0;
  std::int64_t blocks = 0;
  std::chrono::microseconds queue_time{0};  ///< the longest of the choices, as those that follow
  std::chrono::microseconds time_to_first_block{0};
  std::chrono::microseconds duration{0};
};
[[nodiscard]] Usage usage_of(const std::vector<actors::Finished>& choices,
                             std::size_t num_per_prompt);

/// A whole answer, as JSON. logprobs: by choice; none: not wanted.
[[nodiscard]] std::string answer_json(const AnswerHead& head,
                                      const std::vector<actors::Finished>& choices,
                                      const std::vector<std::vector<LogprobRows::Row>>& logprobs,
                                      std::size_t num_per_prompt);
[[nodiscard]] boost::json::object usage_json(const Usage& usage);
/// What was filled into the holes of a template.
[[nodiscard]] boost::json::array fills_json(const actors::Finished& finished);

/// Chunks of a stream, as JSON.
[[nodiscard]] std::string role_chunk(const AnswerHead& head, std::size_t choice);
[[nodiscard]] std::string text_chunk(const AnswerHead& head, std::size_t choice,
                                     std::string_view text,
                                     const std::optional<std::vector<LogprobRows::Row>>& logprobs);
/// frame: of FrameStream.
[[nodiscard]] std::string frame_chunk(const AnswerHead& head, std::size_t choice,
                                      boost::json::object frame);
[[nodiscard]] std::string end_chunk(const AnswerHead& head, std::size_t choice,
                                    const actors::Finished& finished);
[[nodiscard]] std::string usage_chunk(const AnswerHead& head, const Usage& usage);

/// Of server-sent events.
[[nodiscard]] HttpResponse event_stream_head();
[[nodiscard]] std::string event_of(std::string_view json);
inline constexpr std::string_view kLastEvent = "data: [DONE]\n\n";

/// GET /v1/jobs, and one entry of it.
[[nodiscard]] std::string job_list_json(const actors::JobList& list);
[[nodiscard]] boost::json::object job_json(const actors::JobSummary& job);

}  // namespace unmask::rpc
