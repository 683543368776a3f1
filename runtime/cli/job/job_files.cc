#include "runtime/cli/job/job_files.h"

#include <boost/json.hpp>

#include "rpc/client/job_id.h"
#include "rpc/openai/json_text.h"
#include "runtime/cli/job/input_json.h"
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

/// As wire and clients name them.
std::string_view name_of(ErrorCode code) {
  constexpr std::string_view kNames[] = {"invalid_argument", "not_found", "overloaded",
                                         "unavailable",      "cancelled", "deadline_exceeded",
                                         "internal"};
  return kNames[std::size_t(code)];
}

json::object json_of(const Error& error) {
  return {{"code", name_of(error.code)}, {"message", error.message}};
}

double seconds(std::chrono::microseconds duration) { return double(duration.count()) * 1e-6; }

}  // namespace

Result<std::vector<tokenizer::ChatMessage>> read_chat(const std::string& path) {
  const Result<std::string> text = read_text(path, kMaxFileBytes);
  if (!text) return text.error();
  const Result<json::value> value = parse(*text, path);
  if (!value) return value.error();
  return chat_of(*value, path);
}

Result<std::vector<std::int32_t>> read_tokens(const std::string& path) {
  const Result<std::string> text = read_text(path, kMaxFileBytes);
  if (!text) return text.error();
  const Result<json::value> value = parse(*text, path);
  if (!value) return value.error();
  return tokens_of(*value, path);
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
  if (!finished.fills.empty()) {
    json::object fills;
    for (const actors::Fill& fill : finished.fills) fills[fill.name] = fill.text;
    object["fills"] = std::move(fills);
  }
  if (finished.error) object["error"] = json_of(*finished.error);
  return rpc::json_text(object);
}

std::string to_json(const actors::Rejected& rejected) {
  return rpc::json_text(json::object{{"job", rpc::to_hex(rejected.job)},
                                     {"finish_reason", "rejected"},
                                     {"error", json_of(rejected.error)}});
}

std::string to_json(const Error& error) {
  return rpc::json_text(json::object{{"error", json_of(error)}});
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
                                {"run_seconds", double(job.run_time.count()) * 1e-3},
                                {"client", job.client},
                                {"outcome", job.outcome}});
  }
  return rpc::json_text(jobs);
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
                                   {"progress", member.progress},
                                   {"last_end", name_of(member.process.last_end)},
                                   {"last_words", member.process.last_words}});
  }
  return rpc::json_text(json::object{{"version", status.version},
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
