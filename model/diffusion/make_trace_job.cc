#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "model/diffusion/job_params.h"
#include "model/diffusion/trace_fields.h"
#include "model/diffusion/trace_file.h"

namespace unmask::diffusion {
namespace {

namespace json = boost::json;

/// A number or truth value as JSON has it, any other text as text.
json::value value_of(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return error || value.is_structured() ? json::value(text) : value;
}

bool is_at_the_top(std::string_view name) {
  return std::ranges::find(kTopLevelParams, name) != std::end(kTopLevelParams);
}

bool is_of_smoothing(std::string_view name) {
  bool is_one = false;
  Smoothing params;
  Smoothing::for_each_param(
      params, [&](const Param& param, auto&) { is_one = is_one || param.name == name; });
  return is_one;
}

}  // namespace

TraceJob make_trace_job(std::vector<std::int32_t> prompt, const DiffusionParams& params,
                        const Vocabulary& vocabulary) {
  TraceJob job{std::move(prompt), params, vocabulary.is_block_causal};
  if (job.params.mask_id < 0) job.params.mask_id = vocabulary.mask_id;
  if (job.params.eos_id < 0) job.params.eos_id = vocabulary.eos_id;

  json::object source{{"prompt", json::array(job.prompt.begin(), job.prompt.end())},
                      {"gen_length", params.gen_length},
                      {"block_length", params.block_length}};
  if (job.is_block_causal) source["attention"] = "block-causal";
  json::object strategy{{"name", "threshold"}};
  json::object smoothing;
  json::object cache{{"name", job.is_block_causal ? "block" : "none"}};
  for (const auto& [name, text] : named_values(job.params)) {
    if (name == "strategy") {
      strategy["name"] = text;
    } else if (name == "cache") {
      cache["name"] = text;
    } else if (name == "smoothing" || is_of_smoothing(name)) {
      if (name != "smoothing") smoothing[name] = value_of(text);
    } else if (is_at_the_top(name)) {
      source[name] = value_of(text);
    } else {
      strategy[name] = value_of(text);
    }
  }
  source["strategy"] = std::move(strategy);
  source["cache"] = std::move(cache);
  if (params.smoothing) source["smoothing"] = std::move(smoothing);
  job.source = json::serialize(source);
  return job;
}

}  // namespace unmask::diffusion
