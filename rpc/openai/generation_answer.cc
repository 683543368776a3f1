#include "rpc/openai/generation_answer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "rpc/client/job_id.h"
#include "rpc/openai/json_text.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

/// The prefix of an endpoint's ids, and what it calls an answer and a part of a stream.
struct EndpointNames {
  std::string_view prefix, answer, chunk;
};

const EndpointNames& names_of(Endpoint endpoint) {
  static constexpr EndpointNames kNames[] = {
      {"chatcmpl-", "chat.completion", "chat.completion.chunk"},
      {"cmpl-", "text_completion", "text_completion"},
      {"infill-", "infill", "infill.chunk"}};
  return kNames[std::size_t(endpoint)];
}

json::object object_of(const AnswerHead& head, bool is_chunk) {
  const EndpointNames& names = names_of(head.endpoint);
  return {{"id", head.id},
          {"object", is_chunk ? names.chunk : names.answer},
          {"created", head.created},
          {"model", head.model},
          {"system_fingerprint", nullptr}};
}

double milliseconds_of(std::chrono::microseconds time) {
  return std::round(double(time.count()) / 100) / 10;
}

json::value logprobs_json(Endpoint endpoint, const std::vector<LogprobRows::Row>& rows) {
  return endpoint == Endpoint::kChat ? chat_logprobs(rows) : text_logprobs(rows);
}

/// A chunk with one choice. delta: of a chat; its `content` is the text of other endpoints.
json::object chunk(const AnswerHead& head, std::size_t choice, json::object delta) {
  json::object entry{{"index", choice}};
  if (head.endpoint == Endpoint::kChat) {
    entry["delta"] = std::move(delta);
  } else {
    const json::value* text = delta.if_contains("content");
    entry["text"] = text != nullptr ? *text : json::value("");
  }
  entry["logprobs"] = nullptr;
  entry["finish_reason"] = nullptr;
  json::object object = object_of(head, true);
  object["choices"] = json::array{std::move(entry)};
  if (head.has_usage) object["usage"] = nullptr;
  return object;
}

json::object& choice_in(json::object& chunk) {
  return chunk.at("choices").as_array().front().as_object();
}

}  // namespace

std::string answer_id(Endpoint endpoint, std::string_view name) {
  return std::string(names_of(endpoint).prefix) + std::string(name);
}

std::string_view name_in(std::string_view answer_id) {
  for (const Endpoint endpoint : {Endpoint::kChat, Endpoint::kText, Endpoint::kInfill}) {
    const std::string_view prefix = names_of(endpoint).prefix;
    if (answer_id.starts_with(prefix)) return answer_id.substr(prefix.size());
  }
  return answer_id;
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
    usage.queue_time = std::max(usage.queue_time, figures.queue_time);
    usage.time_to_first_block = std::max(usage.time_to_first_block, figures.time_to_first_block);
    usage.duration = std::max(usage.duration, figures.duration);
  }
  return usage;
}

json::array fills_json(const actors::Finished& finished) {
  json::array fills;
  for (const actors::Fill& fill : finished.fills) {
    fills.push_back(json::object{{"name", fill.name}, {"text", fill.text}});
  }
  return fills;
}

json::object usage_json(const Usage& usage) {
  const double per_forward =
      usage.forwards > 0 ? double(usage.completion_tokens) / double(usage.forwards) : 0;
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", 0}}},
          {"diffusion",
           {{"forward_passes", usage.forwards},
            {"blocks", usage.blocks},
            {"tokens_per_forward", std::round(per_forward * 100) / 100},
            {"queue_ms", milliseconds_of(usage.queue_time)},
            {"first_block_ms", milliseconds_of(usage.time_to_first_block)},
            {"total_ms", milliseconds_of(usage.duration)}}}};
}

std::string answer_json(const AnswerHead& head, const std::vector<actors::Finished>& choices,
                        const std::vector<std::vector<LogprobRows::Row>>& logprobs,
                        std::size_t num_per_prompt) {
  json::array list;
  for (const actors::Finished& choice : choices) {
    const std::size_t index = list.size();
    json::object entry{{"index", index}};
    if (head.endpoint == Endpoint::kChat) {
      entry["message"] = {{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}};
    } else {
      entry["text"] = choice.text;
    }
    if (head.endpoint == Endpoint::kInfill) entry["fills"] = fills_json(choice);
    entry["logprobs"] = nullptr;
    if (index < logprobs.size()) entry["logprobs"] = logprobs_json(head.endpoint, logprobs[index]);
    entry["finish_reason"] = finish_reason_of(choice.reason);
    list.push_back(std::move(entry));
  }
  json::object object = object_of(head, false);
  object["choices"] = std::move(list);
  object["usage"] = usage_json(usage_of(choices, num_per_prompt));
  return json_text(object);
}

std::string role_chunk(const AnswerHead& head, std::size_t choice) {
  return json_text(chunk(head, choice, {{"role", "assistant"}, {"content", ""}}));
}

std::string text_chunk(const AnswerHead& head, std::size_t choice, std::string_view text,
                       const std::optional<std::vector<LogprobRows::Row>>& logprobs) {
  json::object object = chunk(head, choice, {{"content", text}});
  if (logprobs) choice_in(object)["logprobs"] = logprobs_json(head.endpoint, *logprobs);
  return json_text(object);
}

std::string end_chunk(const AnswerHead& head, std::size_t choice,
                      const actors::Finished& finished) {
  json::object object = chunk(head, choice, {});
  choice_in(object)["finish_reason"] = finish_reason_of(finished.reason);
  if (head.endpoint == Endpoint::kInfill) choice_in(object)["fills"] = fills_json(finished);
  return json_text(object);
}

std::string frame_chunk(const AnswerHead& head, std::size_t choice, json::object frame) {
  json::object object = object_of(head, true);
  object["choices"] = json::array();
  frame["index"] = choice;
  object["diffusion"] = std::move(frame);
  return json_text(object);
}

std::string usage_chunk(const AnswerHead& head, const Usage& usage) {
  json::object object = object_of(head, true);
  object["choices"] = json::array();
  object["usage"] = usage_json(usage);
  return json_text(object);
}

HttpResponse event_stream_head() {
  HttpResponse head;
  head.content_type = "text/event-stream";
  return head;
}

std::string event_of(std::string_view json) { return "data: " + std::string(json) + "\n\n"; }

json::object job_json(const actors::JobSummary& job) {
  json::object entry{{"id", to_hex(job.job)},     {"object", "job"},
                     {"client", job.client},      {"state", name_of(job.state)},
                     {"tokens", job.tokens},      {"forwards", job.forwards},
                     {"block", job.block},        {"num_blocks", job.num_blocks},
                     {"age_ms", job.age.count()}, {"outcome", nullptr}};
  if (!job.outcome.empty()) entry["outcome"] = job.outcome;
  return entry;
}

std::string job_list_json(const actors::JobList& list) {
  json::array jobs;
  for (const actors::JobSummary& job : list.jobs) jobs.push_back(job_json(job));
  return json_text(json::object{{"object", "list"}, {"data", std::move(jobs)}});
}

}  // namespace unmask::rpc
