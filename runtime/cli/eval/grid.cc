#include "runtime/cli/eval/grid.h"

#include <algorithm>
#include <string_view>

#include "model/diffusion/contradiction.h"
#include "model/diffusion/job_params.h"
#include "runtime/base/nearest_name.h"

namespace unmask::cli {
namespace {

using diffusion::NamedValue;

/// "NAME:A=1:B=2" as the choice `param`=NAME, A=1, B=2.
Result<std::vector<NamedValue>> read_choice(const std::string& param, std::string_view text) {
  std::vector<NamedValue> values;
  const std::string name(text.substr(0, text.find(':')));
  const auto& choices = diffusion::find_job_param(param)->choices;
  const std::vector<std::string> known(choices.begin(), choices.end());
  if (std::ranges::find(known, name) == known.end()) {
    return invalid("there is no " + param + " '" + name + "'" + did_you_mean(name, known) +
                   ": one of " + diffusion::joined(choices, ", "));
  }
  values.push_back({param, name});
  text.remove_prefix(name.size());
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::string_view assignment = text.substr(0, text.find(':'));
    Result<NamedValue> value = diffusion::parse_assignment(assignment);
    if (!value) return invalid(param + " '" + name + "': " + value.error().message);
    if (diffusion::find_job_param(value->name) == nullptr) {
      return invalid(param + " '" + name + "': there is no parameter '" + value->name +
                     "' (unmask run --help=strategy lists them)");
    }
    values.push_back(std::move(*value));
    text.remove_prefix(assignment.size());
  }
  return values;
}

struct Choice {
  std::string text;
  std::vector<NamedValue> values;
};

Result<std::vector<Choice>> read_choices(const std::string& param,
                                         const std::vector<std::string>& texts) {
  std::vector<Choice> choices;
  for (const std::string& text : texts) {
    const auto is_same = [&](const Choice& choice) { return choice.text == text; };
    if (std::ranges::any_of(choices, is_same)) continue;
    if (param == "cache" && text == "default") {
      choices.push_back({text, {}});
      continue;
    }
    Result<std::vector<NamedValue>> values = read_choice(param, text);
    if (!values) return values.error();
    choices.push_back({text, std::move(*values)});
  }
  if (choices.empty()) return invalid("--" + param + " names nothing");
  return choices;
}

/// What applies to every variant; the axes of the grid have flags of their own.
Result<std::vector<NamedValue>> read_common(const std::vector<std::string>& set) {
  std::vector<NamedValue> values;
  for (const std::string& text : set) {
    Result<NamedValue> value = diffusion::parse_assignment(text);
    if (!value) return invalid("--set: " + value.error().message);
    for (const auto& [name, flag] : {std::pair{"strategy", "--strategies"},
                                     {"cache", "--caches"},
                                     {"smoothing", "--smoothing"}}) {
      if (value->name == name) return invalid("--set " + value->name + ": say " + flag);
    }
    if (diffusion::find_job_param(value->name) == nullptr) {
      return diffusion::parse_job_params(std::vector{*value}).error();
    }
    values = merged(std::move(values), {*value});
  }
  return values;
}

/// Why a model cannot decode so; nothing if it can, or one of another attention could.
std::optional<Error> problem_of(const std::vector<NamedValue>& values,
                                std::optional<bool> is_block_causal) {
  const Result<diffusion::DiffusionParams> params = diffusion::parse_job_params(values);
  if (!params) return params.error();
  if (is_block_causal) return diffusion::contradiction_in(*params, *is_block_causal);
  const auto problem = diffusion::contradiction_in(*params, false);
  return problem && diffusion::contradiction_in(*params, true) ? problem : std::nullopt;
}

}  // namespace

std::vector<NamedValue> merged(std::vector<NamedValue> weaker,
                               const std::vector<NamedValue>& stronger) {
  for (const NamedValue& value : stronger) {
    std::erase_if(weaker, [&](const NamedValue& old) { return old.name == value.name; });
    weaker.push_back(value);
  }
  return weaker;
}

Result<Grid> make_grid(const GridOptions& options, std::optional<bool> is_block_causal) {
  const Result<std::vector<Choice>> strategies = read_choices("strategy", options.strategies);
  if (!strategies) return strategies.error();
  const Result<std::vector<Choice>> caches = read_choices("cache", options.caches);
  if (!caches) return caches.error();
  const Result<std::vector<NamedValue>> common = read_common(options.set);
  if (!common) return common.error();
  std::vector<bool> smoothings;
  if (options.smoothing != "on") smoothings.push_back(false);
  if (options.smoothing != "off") smoothings.push_back(true);
  Grid grid;
  for (const Choice& strategy : *strategies) {
    for (const Choice& cache : *caches) {
      for (const bool smoothing : smoothings) {
        Variant variant{strategy.text, cache.text, smoothing, *common};
        variant.parameters = merged(std::move(variant.parameters), strategy.values);
        variant.parameters = merged(std::move(variant.parameters), cache.values);
        if (smoothing) variant.parameters.push_back({"smoothing", "true"});
        if (const auto problem = problem_of(variant.parameters, is_block_causal)) {
          grid.left_out.push_back(variant.name() + ": " + problem->message);
        } else {
          grid.variants.push_back(std::move(variant));
        }
      }
    }
  }
  if (grid.variants.empty()) {
    return invalid("no combination of --strategies, --caches and --smoothing makes sense: " +
                   grid.left_out.front());
  }
  return grid;
}

}  // namespace unmask::cli
