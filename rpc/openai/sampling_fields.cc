#include "rpc/openai/sampling_fields.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <utility>

#include "model/diffusion/job_params.h"
#include "runtime/base/random.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMaxApiSeed = std::int64_t(diffusion::kMaxSeed);
constexpr std::int64_t kMaxApiTokens = std::int64_t(diffusion::kMaxPositions);

using Parameters = std::vector<actors::Parameter>;

const actors::Parameter* find_parameter(const Parameters& parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &actors::Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

void read_diffusion(JsonFields& fields, Parameters& parameters) {
  const json::object* object = fields.object("diffusion");
  if (object == nullptr) return;
  JsonFields inner(*object, "diffusion.");
  inner.ignore({"stream"});  // read_frames() looks at it
  if (const auto preset = inner.text(diffusion::kPresetParam)) {
    parameters.push_back({std::string(diffusion::kPresetParam), *preset});
  }
  for (const diffusion::JobParam& known : diffusion::job_param_table()) {
    const json::value* value = inner.take(known.name);
    if (value == nullptr) continue;
    if (!value->is_primitive()) {
      inner.fail(known.name, "is " + diffusion::range_of(known));
      break;
    }
    parameters.push_back({std::string(known.name), parameter_text(*value)});
  }
  fields.take_error_of(inner);
}

/// Adds what stands at the top of a request, unless `diffusion` says it already.
void add_parameter(JsonFields& fields, Parameters& parameters, std::string_view field,
                   std::string_view name, std::string value) {
  if (find_parameter(parameters, name) != nullptr) {
    return fields.fail(field, "is given twice: 'diffusion." + std::string(name) + "' is the same");
  }
  parameters.push_back({std::string(name), std::move(value)});
}

void read_length(JsonFields& fields, Parameters& parameters) {
  const auto newer = fields.integer("max_completion_tokens", 1, kMaxApiTokens);
  const auto older = fields.integer("max_tokens", 1, kMaxApiTokens);
  // Clients that know both names send both.
  if (newer && older && *newer != *older) {
    return fields.fail("max_tokens", "and 'max_completion_tokens' are the same: give one of them");
  }
  if (!newer && !older) return;
  add_parameter(fields, parameters, newer ? "max_completion_tokens" : "max_tokens", "gen_length",
                std::to_string(newer ? *newer : *older));
}

/// What the job parameter of that name takes; anything else is a failure.
std::optional<double> read_number(JsonFields& fields, std::string_view name) {
  const std::optional<double> number = fields.number(name);
  const diffusion::JobParam& param = *diffusion::find_job_param(name);
  if (!number || (*number >= param.bounds.min && *number <= param.bounds.max)) return number;
  fields.fail(name, "is a number from " + diffusion::range_of(param));
  return std::nullopt;
}

/// The first of `parameters` that an error names.
std::string_view culprit_of(const std::string& message, const Parameters& parameters) {
  std::string_view culprit;
  std::size_t first = std::string::npos;
  for (const actors::Parameter& parameter : parameters) {
    const std::size_t at = (" " + message + " ").find(" " + parameter.name + " ");
    if (at < first) culprit = parameter.name;
    first = std::min(first, at);
  }
  return culprit;
}

void check_together(JsonFields& fields, const Parameters& parameters) {
  const auto checked = diffusion::parse_job_params(parameters);
  if (checked) return;
  const std::string& message = checked.error().message;
  const std::string_view culprit = culprit_of(message, parameters);
  fields.fail(culprit.empty() ? "diffusion" : "diffusion." + std::string(culprit),
              "cannot be so: " + message);
}

/// Where nothing is drawn they change nothing: clients send them with temperature 0, too.
void read_drawing(JsonFields& fields, Parameters& parameters) {
  const auto top_p = read_number(fields, "top_p");
  const auto top_k = fields.integer("top_k", -1, INT32_MAX);
  const auto seed = fields.integer("seed", -kMaxApiSeed, kMaxApiSeed);
  if (!diffusion::is_drawn(parameters)) return;
  if (top_p && *top_p < 1) {
    add_parameter(fields, parameters, "top_p", "top_p", parameter_text(*top_p));
  }
  if (top_k && *top_k > 0) {
    add_parameter(fields, parameters, "top_k", "top_k", std::to_string(*top_k));
  }
  if (seed) {
    add_parameter(fields, parameters, "seed", "seed",
                  std::to_string(*seed < 0 ? *seed + kMaxApiSeed + 1 : *seed));
  } else if (find_parameter(parameters, "seed") == nullptr) {
    parameters.push_back({"seed", std::to_string(random_bits() % std::uint64_t(kMaxApiSeed))});
  }
}

}  // namespace

std::vector<actors::Parameter> read_sampling(JsonFields& fields, bool has_length) {
  Parameters parameters;
  read_diffusion(fields, parameters);
  if (has_length) {
    read_length(fields, parameters);
  } else if (find_parameter(parameters, "gen_length") != nullptr) {
    fields.fail("diffusion.gen_length", "is of no effect: what is filled in says how long it is");
  }
  if (fields.flag("ignore_eos").value_or(false)) {
    add_parameter(fields, parameters, "ignore_eos", "logits_eos_inf", "true");
  }
  const auto temperature = read_number(fields, "temperature");
  if (temperature && *temperature > 0) {
    add_parameter(fields, parameters, "temperature", "temperature", parameter_text(*temperature));
  }
  read_drawing(fields, parameters);
  check_together(fields, parameters);
  return parameters;
}

bool read_frames(JsonFields& fields, bool is_streamed) {
  const json::object* object = fields.object("diffusion");
  const json::value* wanted = object != nullptr ? object->if_contains("stream") : nullptr;
  if (wanted == nullptr || wanted->is_null() || *wanted == "none") return false;
  if (*wanted != "frames") {
    fields.fail("diffusion.stream", "is none or frames");
  } else if (!is_streamed) {
    fields.fail("diffusion.stream", "is for a stream: set 'stream' to true");
  }
  return true;
}

void shift_seed(std::vector<actors::Parameter>& parameters, std::size_t index) {
  const auto seed = std::ranges::find(parameters, "seed", &actors::Parameter::name);
  if (seed == parameters.end()) return;
  std::int64_t number = 0;
  std::from_chars(seed->value.data(), seed->value.data() + seed->value.size(), number);
  seed->value = std::to_string((number + std::int64_t(index)) % (kMaxApiSeed + 1));
}

}  // namespace unmask::rpc
