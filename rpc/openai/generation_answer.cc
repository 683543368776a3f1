#include "rpc/openai/generation_answer.h"

#include <algorithm>
#include <boost/json.hpp>

#include "rpc/client/job_id.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

constexpr std::string_view kChatPrefix = "chatcmpl-", kTextPrefix = "cmpl-";

json::object object_of(const AnswerHead& head, bool is_chunk) {
  const bool is_chat = head.endpoint == Endpoint::kChat;
  const std::string_view name = !is_chat   ? "text_completion"
                                : is_chunk ? "chat.completion.chunk"
                                           : "chat.completion";
  return {{"id", head.id},
          {"object", name},
          {"created", head.created},
          {"model", head.model},
          {"system_fingerprint", nullptr}};
}

json::object usage_json(const Usage& usage) {
  const double per_forward =
      usage.forwards > 0 ? double(usage.completion_tokens) / double(usage.forwards) : 0;
  // Two digits are what there is to it.
  const double rounded = double(std::int64_t(per_forward * 100 + 0.5)) / 100;
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", 0}}},
          {"diffusion",
           {{"forward_passes", usage.forwards},
            {"blocks", usage.blocks},
            {"tokens_per_forward", rounded}}}};
}

/// One choice of a chunk. fields: `delta` of a chat.
std::string chunk(const AnswerHead& head, std::size_t choice, json::object delta,
                  json::value finish_reason) {
  json::object entry{{"index", choice}};
  if (head.endpoint == Endpoint::kChat) {
    entry["delta"] = std::move(delta);
  } else {
    const json::value* text = delta.if_contains("content");
    entry["text"] = text != nullptr ? *text : json::value("");
  }
  entry["logprobs"] = nullptr;
  entry["finish_reason"] = std::move(finish_reason);
  json::object object = object_of(head, true);
  object["choices"] = json::array{std::move(entry)};
  if (head.has_usage) object["usage"] = nullptr;
  return json::serialize(object);
}

}  // namespace

std::string answer_id(Endpoint endpoint, JobId job) {
  return std::string(endpoint == Endpoint::kChat ? kChatPrefix : kTextPrefix) + to_hex(job);
}

Result<JobId> job_of_answer_id(std::string_view id) {
  for (const std::string_view prefix : {kChatPrefix, kTextPrefix}) {
    if (id.starts_with(prefix)) return parse_job_id(id.substr(prefix.size()));
  }
  return parse_job_id(id);
}

std::string_view finish_reason_of(actors::FinishReason reason) {
  return reason == actors::FinishReason::kStop ? "stop" : "length";
}

Usage usage_of(const std::vector<actors::Finished>& choices, std::size_t num_per_prompt) {
  Usage usage;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const actors::JobFigures& figures = choices[i].figures;
    if (i % num_per_prompt == 0) usage.prompt_tokens += figures.prompt_tokens;
    usage.completion_tokens += figures.tokens;
    usage.forwards += figures.forwards;
    usage.blocks += figures.blocks;
  }
  return usage;
}

std::string answer_json(const AnswerHead& head, const std::vector<actors::Finished>& choices,
                        std::size_t num_per_prompt) {
  json::array list;
  for (const actors::Finished& choice : choices) {
    json::object entry{{"index", list.size()}};
    if (head.endpoint == Endpoint::kChat) {
      entry["message"] = {{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}};
    } else {
      entry["text"] = choice.text;
    }
    entry["logprobs"] = nullptr;
    entry["finish_reason"] = finish_reason_of(choice.reason);
    list.push_back(std::move(entry));
  }
  json::object object = object_of(head, false);
  object["choices"] = std::move(list);
  object["usage"] = usage_json(usage_of(choices, num_per_prompt));
  return json::serialize(object);
}

std::string role_chunk(const AnswerHead& head, std::size_t choice) {
  return chunk(head, choice, {{"role", "assistant"}, {"content", ""}}, nullptr);
}

std::string text_chunk(const AnswerHead& head, std::size_t choice, std::string_view text) {
  return chunk(head, choice, {{"content", text}}, nullptr);
}

std::string end_chunk(const AnswerHead& head, std::size_t choice, std::string_view finish_reason) {
  return chunk(head, choice, {}, json::value(finish_reason));
}

std::string usage_chunk(const AnswerHead& head, const Usage& usage) {
  json::object object = object_of(head, true);
  object["choices"] = json::array();
  object["usage"] = usage_json(usage);
  return json::serialize(object);
}

std::string event_of(std::string_view json) { return "data: " + std::string(json) + "\n\n"; }

std::string job_list_json(const actors::JobList& list) {
  json::array jobs;
  for (const actors::JobSummary& job : list.jobs) {
    json::object entry{{"id", to_hex(job.job)},     {"object", "job"},
                       {"client", job.client},      {"state", name_of(job.state)},
                       {"tokens", job.tokens},      {"forwards", job.forwards},
                       {"block", job.block},        {"num_blocks", job.num_blocks},
                       {"age_ms", job.age.count()}, {"outcome", nullptr}};
    if (!job.outcome.empty()) entry["outcome"] = job.outcome;
    jobs.push_back(std::move(entry));
  }
  return json::serialize(json::object{{"object", "list"}, {"data", std::move(jobs)}});
}

}  // namespace unmask::rpc
