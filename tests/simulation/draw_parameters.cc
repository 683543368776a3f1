#include "tests/simulation/draw_parameters.h"

#include <algorithm>
#include <string>

#include "model/diffusion/job_params.h"
#include "tests/simulation/between.h"

namespace unmask::simulation {
namespace {

using diffusion::JobParam;
using diffusion::ParamType;

constexpr double kNamesChoice = 0.75;  // of a strategy, a cache
constexpr double kNamesOther = 0.3;
constexpr int kManyInteger = 8;  // values from the least on: canvases are small
constexpr double kManyNumber = 1.0;

/// Those that decide how long the job takes are drawn before, and ids are the model's.
bool is_drawn(const JobParam& param) {
  return param.name != "gen_length" && param.name != "block_length" && param.unit != "token id";
}

std::string draw_value(Rng& rng, const JobParam& param) {
  const auto& [least, most] = param.bounds;
  switch (param.type) {
    case ParamType::kBoolean:
      return rng.chance(0.5) ? "true" : "false";
    case ParamType::kChoice:
      return std::string(param.choices[std::size_t(rng.below(param.choices.size()))]);
    case ParamType::kInteger:
      return std::to_string(
          between(rng, int(least), int(std::min(most, least + kManyInteger - 1))));
    case ParamType::kNumber:
      break;
  }
  const double end = std::min(most, least + kManyNumber);
  const double below_end = rng.uniform();  // squared: a high threshold makes many forwards
  return std::to_string(end - (end - least) * below_end * below_end);
}

bool is_taken(const std::vector<actors::Parameter>& parameters, const actors::TokenInput& input,
              const actors::JobModel& model, const actors::Capacity& capacity) {
  const auto params = diffusion::parse_job_params(parameters);
  if (!params) return false;
  const auto loop = actors::make_loop(input, *params, model);
  if (!loop) return false;
  const diffusion::MaxUse use = loop->max_use();
  return use.num_computed <= capacity.max_rows_per_step && use.num_soft <= capacity.num_soft_rows;
}

}  // namespace

std::vector<actors::Parameter> draw_parameters(Rng& rng, std::int32_t gen_length,
                                               const actors::TokenInput& input,
                                               const actors::JobModel& model,
                                               const actors::Capacity& capacity) {
  std::vector<actors::Parameter> parameters = {
      {"gen_length", std::to_string(gen_length)},
      {"block_length", std::to_string(between(rng, 3, 16))}};
  for (const JobParam& param : diffusion::job_param_table()) {
    const bool is_named = rng.chance(param.type == ParamType::kChoice ? kNamesChoice : kNamesOther);
    if (!is_drawn(param) || !is_named) continue;
    parameters.push_back({std::string(param.name), draw_value(rng, param)});
    // What has no effect beside the others, or does not suit model and workers, is not said.
    if (!is_taken(parameters, input, model, capacity)) parameters.pop_back();
  }
  return parameters;
}

}  // namespace unmask::simulation
