#include "model/diffusion/job_param_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "model/diffusion/strategy_aliases.h"
#include "runtime/base/nearest_name.h"

namespace unmask::diffusion {
namespace {

using enum ParamType;

/// " (did you mean X?)" if something is near.
std::string hint_of(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view nearest = nearest_name(name, known, name.size() / 3 + 2);
  return nearest.empty() ? "" : " (did you mean " + std::string(nearest) + "?)";
}

std::optional<Error> find_fault_of_choice(const JobParam& param, std::string_view text) {
  if (std::ranges::find(param.choices, text) != param.choices.end()) return std::nullopt;
  return invalid("unknown " + std::string(param.name) + " " + quoted(text) +
                 hint_of(text, param.choices) + "; known: " + range_of(param));
}

std::optional<Error> find_fault_of_number(const JobParam& param, std::string_view text) {
  const std::string must_be = std::string(param.name) + " is " + quoted(text) + ", but must be ";
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
  if (!is_number || !std::isfinite(value)) return invalid(must_be + range_of(param));
  if (param.type == kInteger && value != std::floor(value)) {
    return invalid(must_be + "a whole number");
  }
  if (value < param.bounds.min || value > param.bounds.max) {
    return invalid(must_be + range_of(param));
  }
  return std::nullopt;
}

std::optional<Error> find_fault(const JobParam& param, std::string_view text) {
  if (param.type == kChoice) return find_fault_of_choice(param, text);
  if (param.type != kBoolean) return find_fault_of_number(param, text);
  if (text == "true" || text == "false") return std::nullopt;
  return invalid(std::string(param.name) + " is " + quoted(text) + ", but must be " +
                 range_of(param));
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string shown = "'";
  for (const char c : text.substr(0, 40)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return shown + (text.size() > 40 ? "...'" : "'");
}

Result<JobParamValues> JobParamValues::create(std::span<const NamedValue> given) {
  JobParamValues values;
  for (const NamedValue& value : given) {
    if (auto error = values.set(value)) return *error;
  }
  if (auto error = values.resolve_alias()) return *error;
  if (auto error = values.find_idle()) return *error;
  return values;
}

std::string_view JobParamValues::text(std::string_view name) const {
  const auto found = texts_.find(name);
  if (found != texts_.end()) return found->second;
  return find_job_param(name)->default_value;
}

double JobParamValues::number(std::string_view name) const {
  double value = 0;
  const std::string_view digits = text(name);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::optional<Error> JobParamValues::set(const NamedValue& given) {
  const JobParam* param = find_job_param(given.name);
  if (param == nullptr) {
    std::vector<std::string_view> names;
    for (const JobParam& known : job_param_table()) names.push_back(known.name);
    return invalid("unknown parameter " + quoted(given.name) + hint_of(given.name, names));
  }
  if (given.value == "null") return std::nullopt;
  if (auto error = find_fault(*param, given.value)) return error;
  if (!texts_.emplace(param->name, given.value).second) {
    return invalid("parameter " + given.name + " is given twice");
  }
  return std::nullopt;
}

/// Puts what a strategy's alias stands for in its place.
std::optional<Error> JobParamValues::resolve_alias() {
  const auto* alias = std::ranges::find(kStrategyAliases, text("strategy"), &StrategyAlias::name);
  if (alias == std::end(kStrategyAliases)) return std::nullopt;
  if (!alias->switches_on.empty()) {
    const auto given = texts_.emplace(alias->switches_on, "true").first;
    if (given->second != "true") {
      return invalid("strategy " + std::string(alias->name) + " is " +
                     std::string(alias->strategy) + " with " + std::string(alias->switches_on) +
                     ": that parameter cannot be false");
    }
  }
  texts_["strategy"] = alias->strategy;
  return std::nullopt;
}

/// Whether something was given that the chosen strategy, cache or driver does not read.
std::optional<Error> JobParamValues::find_idle() const {
  for (const auto& [name, text] : texts_) {
    const auto& [chooser, allowed] = find_job_param(name)->applies_to;
    if (allowed.empty()) continue;
    const std::string_view chosen = this->text(chooser);
    if (std::ranges::find(allowed, chosen) != allowed.end()) continue;
    return invalid("parameter " + std::string(name) + " has no effect with " +
                   std::string(chooser) + " " + std::string(chosen) + " (only with " +
                   std::string(chooser) + "=" + joined(allowed, "|") + ")");
  }
  return std::nullopt;
}

}  // namespace unmask::diffusion
