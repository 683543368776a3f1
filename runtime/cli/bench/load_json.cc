#include "runtime/cli/bench/load_json.h"

#include <boost/json.hpp>
#include <cmath>

#include "rpc/openai/json_text.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

json::object request_json(const RequestRecord& record) {
  json::object object{{"index", record.index},
                      {"start_s", record.start_s},
                      {"success", record.is_good()},
                      {"prompt_tokens", record.end.prompt_tokens},
                      {"tokens", record.end.tokens},
                      {"forwards", record.end.forwards},
                      {"blocks", record.end.blocks},
                      {"block_s", json::value_from(record.block_s)},
                      {"e2el_ms", (record.end_s - record.start_s) * 1e3}};
  if (const auto first = record.first_block_s()) object["ttft_ms"] = *first * 1e3;
  if (record.end.queue_s) object["queue_ms"] = *record.end.queue_s * 1e3;
  if (!record.is_good()) object["error"] = record.end.failure;
  return object;
}

void add_latency(json::object& object, const LoadFigures::Timed& timed) {
  const std::string name = "_" + std::string(short_name_of(timed.latency)) + "_ms";
  object["mean" + name] = timed.milliseconds.mean;
  object["median" + name] = timed.milliseconds.median;
  for (const auto& [percent, value] : timed.milliseconds.percentiles) {
    object["p" + percent_name(percent) + name] = value;
  }
}

void add_diffusion(json::object& object, const LoadFigures::Diffusion& diffusion) {
  object["diffusion_committed_throughput"] = diffusion.tokens_per_s;
  object["diffusion_steps_per_canvas"] = diffusion.steps_per_canvas;
  object["diffusion_committed_per_step"] = diffusion.tokens_per_step;
  object["diffusion_committed_tokens"] = diffusion.tokens;
  object["diffusion_denoising_steps"] = diffusion.steps;
  if (diffusion.positions) object["diffusion_canvas_positions"] = *diffusion.positions;
}

json::object asked_json(const LoadRun& run) {
  json::object parameters;
  for (const auto& [name, value] : run.parameters) parameters[name] = value;
  return {{"date", run.date},
          {"endpoint", run.endpoint},
          {"version", run.version},
          {"dataset", run.dataset},
          {"num_prompts", run.num_prompts},
          {"num_warmups", run.num_warmups},
          // As vLLM writes it: no JSON number is infinite.
          {"request_rate", std::isinf(run.rate) ? json::value("inf") : json::value(run.rate)},
          {"burstiness", run.burstiness},
          {"max_concurrency",
           run.max_concurrency > 0 ? json::value(run.max_concurrency) : json::value(nullptr)},
          {"seed", run.seed},
          {"goodput", run.goodput},
          {"parameters", std::move(parameters)},
          {"interrupted", run.is_interrupted},
          {"cancelled", run.num_cancelled}};
}

}  // namespace

std::string to_json(const LoadRun& run) {
  const LoadFigures& figures = run.figures;
  json::object object = asked_json(run);
  object["duration"] = figures.duration_s;
  object["completed"] = figures.num_good;
  object["failed"] = figures.num_failed;
  object["total_input_tokens"] = figures.prompt_tokens;
  object["total_output_tokens"] = figures.tokens;
  object["request_throughput"] = figures.requests_per_s;
  if (figures.good_requests_per_s) object["request_goodput"] = *figures.good_requests_per_s;
  object["output_throughput"] = figures.tokens_per_s;
  object["total_token_throughput"] = figures.all_tokens_per_s;
  object["max_output_tokens_per_s"] = figures.peak_tokens_per_s;
  object["max_concurrent_requests"] = figures.peak_in_flight;
  for (const LoadFigures::Timed& timed : figures.latencies) add_latency(object, timed);
  if (figures.diffusion) add_diffusion(object, *figures.diffusion);
  json::object failures;
  for (const auto& [reason, count] : figures.failures) failures[reason] = count;
  object["failures"] = std::move(failures);
  json::array requests;
  for (const RequestRecord& record : run.records) requests.push_back(request_json(record));
  object["requests"] = std::move(requests);
  return rpc::json_text(object);
}

}  // namespace unmask::cli
