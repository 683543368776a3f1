#include "runtime/cli/job/job_files.h"

#include <boost/json.hpp>
#include <string_view>

#include "rpc/client/job_id.h"
#include "runtime/cli/text/json_text.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxFileBytes = 16 * 1024 * 1024;

Result<json::value> parse(const std::string& text, const std::string& name) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error) return invalid(name + " is not JSON: " + error.message());
  return value;
}

Result<std::vector<tokenizer::ChatMessage>> to_chat(const json::value& value,
                                                    const std::string& name) {
  const json::array* list = value.if_array();
  if (list == nullptr || list->empty()) {
    return invalid(name + " is not a list of messages [{\"role\": ..., \"content\": ...}, ...]");
  }
  std::vector<tokenizer::ChatMessage> messages;
  for (const json::value& entry : *list) {
    const json::object* message = entry.if_object();
    const json::value* role = message != nullptr ? message->if_contains("role") : nullptr;
    const json::value* content = message != nullptr ? message->if_contains("content") : nullptr;
    if (role == nullptr || content == nullptr || !role->is_string() || !content->is_string()) {
      return invalid(name + ": message " + std::to_string(messages.size()) +
                     " needs a \"role\" and a \"content\", both text");
    }
    messages.push_back({std::string(role->get_string()), std::string(content->get_string())});
  }
  return messages;
}

Result<std::vector<std::int32_t>> to_tokens(const json::value& value, const std::string& name) {
  const json::array* list = value.if_array();
  if (list == nullptr) return invalid(name + " is not a list of token ids");
  std::vector<std::int32_t> tokens;
  for (const json::value& entry : *list) {
    const std::int64_t* token = entry.if_int64();
    if (token == nullptr || *token < 0 || *token > INT32_MAX) {
      return invalid(name + ": entry " + std::to_string(tokens.size()) + " is not a token id");
    }
    tokens.push_back(std::int32_t(*token));
  }
  return tokens;
}

Result<std::vector<std::string>> to_texts(const json::value& value) {
  const Error error = invalid("\"stop\" is a list of texts");
  const json::array* list = value.if_array();
  if (list == nullptr) return error;
  std::vector<std::string> texts;
  for (const json::value& entry : *list) {
    if (!entry.is_string()) return error;
    texts.emplace_back(entry.get_string());
  }
  return texts;
}

bool is_input(std::string_view key) {
  return key == "prompt" || key == "messages" || key == "tokens";
}

Result<actors::JobInput> input_of(const json::object& object) {
  const json::value* prompt = object.if_contains("prompt");
  const json::value* messages = object.if_contains("messages");
  const json::value* tokens = object.if_contains("tokens");
  if (int(prompt != nullptr) + int(messages != nullptr) + int(tokens != nullptr) != 1) {
    return invalid("a job has one of \"prompt\", \"messages\" and \"tokens\"");
  }
  const json::value* raw = object.if_contains("raw");
  if (raw != nullptr && !raw->is_bool()) return invalid("\"raw\" is true or false");
  if (prompt != nullptr) {
    if (!prompt->is_string()) return invalid("\"prompt\" is a text");
    return actors::TextInput{std::string(prompt->get_string()), raw != nullptr && raw->get_bool()};
  }
  if (messages != nullptr) {
    Result<std::vector<tokenizer::ChatMessage>> chat = to_chat(*messages, "\"messages\"");
    if (!chat) return chat.error();
    return actors::ChatInput{std::move(*chat)};
  }
  Result<std::vector<std::int32_t>> ids = to_tokens(*tokens, "\"tokens\"");
  if (!ids) return ids.error();
  return actors::TokenInput{std::move(*ids), {}};
}

double seconds(std::chrono::microseconds duration) { return double(duration.count()) * 1e-6; }

}  // namespace

Result<std::vector<tokenizer::ChatMessage>> read_chat(const std::string& path) {
  const Result<std::string> text = read_text(path, kMaxFileBytes);
  if (!text) return text.error();
  const Result<json::value> value = parse(*text, path);
  if (!value) return value.error();
  return to_chat(*value, path);
}

Result<std::vector<std::int32_t>> read_tokens(const std::string& path) {
  const Result<std::string> text = read_text(path, kMaxFileBytes);
  if (!text) return text.error();
  const Result<json::value> value = parse(*text, path);
  if (!value) return value.error();
  return to_tokens(*value, path);
}

Result<actors::Submit> parse_job_line(const std::string& line) {
  const Result<json::value> value = parse(line, "the line");
  if (!value) return value.error();
  const json::object* object = value->if_object();
  if (object == nullptr) return invalid("the line is not a JSON object");

  actors::Submit submit;
  submit.job = rpc::random_job_id();
  Result<actors::JobInput> input = input_of(*object);
  if (!input) return input.error();
  submit.input = std::move(*input);
  for (const auto& [key, entry] : *object) {
    if (is_input(key) || key == "raw" || key == "id") continue;
    if (key == "stop") {
      Result<std::vector<std::string>> stop = to_texts(entry);
      if (!stop) return stop.error();
      submit.stop = std::move(*stop);
    } else if (entry.is_string()) {
      submit.parameters.push_back({std::string(key), std::string(entry.get_string())});
    } else if (entry.is_primitive()) {
      submit.parameters.push_back({std::string(key), json_text(entry)});
    } else {
      return invalid("\"" + std::string(key) + "\" cannot be a list or an object");
    }
  }
  return submit;
}

std::string to_json(const actors::Finished& finished) {
  const actors::JobFigures& figures = finished.figures;
  const double duration = seconds(figures.duration);
  json::object object{
      {"job", rpc::to_hex(finished.job)},
      {"text", finished.text},
      {"tokens", figures.tokens},
      {"forwards", figures.forwards},
      {"tokens_per_forward",
       figures.forwards > 0 ? double(figures.tokens) / double(figures.forwards) : 0.0},
      {"tokens_per_second", duration > 0 ? double(figures.tokens) / duration : 0.0},
      {"finish_reason", name_of(finished.reason)},
      {"prompt_tokens", figures.prompt_tokens},
      {"blocks", figures.blocks},
      {"queue_seconds", seconds(figures.queue_time)},
      {"time_to_first_block_seconds", seconds(figures.time_to_first_block)},
      {"seconds", duration},
      {"token_ids", json::value_from(finished.tokens)}};
  if (finished.error) object["error"] = finished.error->message;
  return json_text(object);
}

std::string to_json(const actors::Rejected& rejected) {
  return json_text(json::object{{"job", rpc::to_hex(rejected.job)},
                                {"finish_reason", "rejected"},
                                {"error", rejected.error.message}});
}

std::string to_json(const actors::JobList& list) {
  json::array jobs;
  for (const actors::JobSummary& job : list.jobs) {
    jobs.push_back(json::object{{"job", rpc::to_hex(job.job)},
                                {"state", name_of(job.state)},
                                {"tokens", job.tokens},
                                {"forwards", job.forwards},
                                {"block", job.block},
                                {"blocks", job.num_blocks},
                                {"age_seconds", double(job.age.count()) * 1e-3},
                                {"client", job.client},
                                {"outcome", job.outcome}});
  }
  return json_text(jobs);
}

std::string to_json(const actors::ClusterStatus& status) {
  json::array members;
  for (const actors::MemberStatus& member : status.members) {
    members.push_back(json::object{{"role", name_of(member.process.slot.role)},
                                   {"replica", member.process.slot.replica},
                                   {"rank", member.process.slot.rank},
                                   {"pid", member.process.pid},
                                   {"host", member.process.host},
                                   {"http", member.process.http},
                                   {"state", member.state},
                                   {"phase", member.phase},
                                   {"progress", member.progress}});
  }
  return json_text(json::object{{"version", status.version},
                                {"model", status.model},
                                {"epoch", status.epoch},
                                {"ready", status.is_ready},
                                {"jobs_running", status.jobs_running},
                                {"jobs_waiting", status.jobs_waiting},
                                {"kv_pages_used", status.kv_pages_used},
                                {"kv_pages_total", status.kv_pages_total},
                                {"durability", status.durability},
                                {"members", std::move(members)}});
}

}  // namespace unmask::cli
