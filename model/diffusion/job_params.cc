#include "model/diffusion/job_params.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace unmask::diffusion {
namespace {

using enum ParamType;

Error invalid(std::string sentence) { return {ErrorCode::kInvalidArgument, std::move(sentence)}; }

const JobParam* find_param(std::string_view name) {
  const auto table = job_param_table();
  const auto found = std::ranges::find(table, name, &JobParam::name);
  return found == table.end() ? nullptr : &*found;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// Levenshtein's distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

/// " (did you mean X?)" if something is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  std::string_view nearest;
  std::size_t least = name.size() / 3 + 2;
  for (const std::string_view candidate : known) {
    if (name.size() > 64) break;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least) std::tie(nearest, least) = std::pair(candidate, distance);
  }
  return nearest.empty() ? "" : " (did you mean " + std::string(nearest) + "?)";
}

/// Shown in messages: not longer than a line, without control characters.
std::string quoted(std::string_view text) {
  std::string shown = "'";
  for (const char c : text.substr(0, 40)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return shown + (text.size() > 40 ? "...'" : "'");
}

/// The values of a job, checked one by one; reads fall back on the defaults.
class Values {
 public:
  std::optional<Error> set(const NamedValue& given) {
    const JobParam* param = find_param(given.name);
    if (param == nullptr) {
      std::vector<std::string_view> names;
      for (const JobParam& known : job_param_table()) names.push_back(known.name);
      return invalid("unknown parameter " + quoted(given.name) + did_you_mean(given.name, names));
    }
    if (given.value == "null") return std::nullopt;
    if (auto error = check(*param, given.value)) return error;
    if (!texts_.emplace(param->name, given.value).second) {
      return invalid("parameter " + given.name + " is given twice");
    }
    return std::nullopt;
  }

  /// Whether something was given that the chosen strategy, cache or driver does not read.
  [[nodiscard]] std::optional<Error> find_idle() const {
    for (const auto& [name, text] : texts_) {
      const std::string_view condition = find_param(name)->applies_to;
      if (condition.empty()) continue;
      const auto sides = split(condition, '=');
      const std::string_view chosen = this->text(sides[0]);
      const auto allowed = split(sides[1], '|');
      if (std::ranges::find(allowed, chosen) == allowed.end()) {
        return invalid("parameter " + std::string(name) + " has no effect with " +
                       std::string(sides[0]) + " " + std::string(chosen) + " (only with " +
                       std::string(condition) + ")");
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string_view text(std::string_view name) const {
    const auto found = texts_.find(name);
    return found == texts_.end() ? find_param(name)->default_value
                                 : std::string_view(found->second);
  }
  [[nodiscard]] bool has(std::string_view name) const { return !text(name).empty(); }
  [[nodiscard]] bool boolean(std::string_view name) const { return text(name) == "true"; }
  [[nodiscard]] double number(std::string_view name) const {
    double value = 0;
    const std::string_view digits = text(name);
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  [[nodiscard]] std::int32_t integer(std::string_view name) const {
    return std::int32_t(number(name));
  }
  [[nodiscard]] std::int32_t integer_or(std::string_view name, std::int32_t unset) const {
    return has(name) ? integer(name) : unset;
  }

 private:
  static std::optional<Error> check(const JobParam& param, std::string_view text) {
    const std::string name(param.name);
    const std::string must_be = ", but must be " + range_of(param);
    if (param.type == kBoolean || param.type == kChoice) {
      const auto choices = split(param.type == kBoolean ? "true|false" : param.choices, '|');
      if (std::ranges::find(choices, text) != choices.end()) return std::nullopt;
      return invalid(param.type == kBoolean
                         ? name + " is " + quoted(text) + must_be
                         : "unknown " + name + " " + quoted(text) + did_you_mean(text, choices) +
                               "; known: " + range_of(param));
    }
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
    if (!is_number || !std::isfinite(value)) {
      return invalid(name + " is " + quoted(text) + must_be);
    }
    if (param.type == kInteger && value != std::floor(value)) {
      return invalid(name + " is " + quoted(text) + ", but must be a whole number");
    }
    if (value < param.min || value > param.max) {
      return invalid(name + " is " + quoted(text) + must_be);
    }
    return std::nullopt;
  }

  std::map<std::string_view, std::string> texts_;  // by a name of the table
};

Strategy strategy_of(const Values& values) {
  if (values.text("strategy") == "fixed") return FixedSteps{values.integer("steps")};
  return Threshold{float(values.number("threshold"))};
}

CachePolicy cache_of(const Values& values) {
  const std::int32_t freq = values.integer_or("cache_update_freq", 0);
  if (values.text("cache") == "prefix") return PrefixCache{freq};
  if (values.text("cache") == "dual") return DualCache{freq};
  return NoCache{};
}

Compat compat_of(const Values& values) {
  Compat compat = preset(values.text("driver")).value_or(kDefault);
  compat.early_stop = values.boolean("early_stop");
  if (values.text("driver") == "unmask") return compat;
  compat.unroll = values.integer("unroll");
  compat.expected_tpf = values.integer("expected_tpf");
  return compat;
}

std::string_view driver_of(const Compat& compat) {
  return compat.always_stops ? "blockwise" : "unmask";
}

/// Every parameter of `params` as text, those at their default and those of no effect left out.
class Named {
 public:
  void text(std::string_view name, std::string_view value) {
    if (find_param(name)->default_value == value) return;
    all.push_back({std::string(name), std::string(value)});
  }
  void integer(std::string_view name, std::int64_t value) { text(name, std::to_string(value)); }
  void boolean(std::string_view name, bool value) { text(name, value ? "true" : "false"); }

  std::vector<NamedValue> all;
};

std::string shown_float(float number) {
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

}  // namespace

Result<DiffusionParams> parse_job_params(std::span<const NamedValue> given) {
  Values values;
  for (const NamedValue& value : given) {
    if (auto error = values.set(value)) return *error;
  }
  if (auto error = values.find_idle()) return *error;
  DiffusionParams params;
  params.gen_length = values.integer("gen_length");
  params.block_length = values.integer("block_length");
  params.start_block_align = values.boolean("start_block_align");
  params.strategy = strategy_of(values);
  params.cache = cache_of(values);
  params.compat = compat_of(values);
  params.seed = std::uint64_t(values.number("seed"));
  params.mask_id = values.integer_or("mask_id", -1);
  params.eos_id = values.integer_or("eos_id", -1);
  return params;
}

std::vector<NamedValue> named_values(const DiffusionParams& params) {
  Named named;
  named.integer("gen_length", params.gen_length);
  named.integer("block_length", params.block_length);
  named.boolean("start_block_align", params.start_block_align);
  if (const auto* fixed = std::get_if<FixedSteps>(&params.strategy)) {
    named.text("strategy", "fixed");
    named.integer("steps", fixed->steps_per_block);
  } else {
    named.text("threshold", shown_float(std::get<Threshold>(params.strategy).threshold));
  }
  std::int32_t freq = 0;
  if (const auto* prefix = std::get_if<PrefixCache>(&params.cache)) {
    named.text("cache", "prefix");
    freq = prefix->cache_update_freq;
  } else if (const auto* dual = std::get_if<DualCache>(&params.cache)) {
    named.text("cache", "dual");
    freq = dual->cache_update_freq;
  }
  if (freq > 0) named.integer("cache_update_freq", freq);
  named.boolean("early_stop", params.compat.early_stop);
  named.integer("seed", std::int64_t(params.seed));
  if (params.mask_id >= 0) named.integer("mask_id", params.mask_id);
  if (params.eos_id >= 0) named.integer("eos_id", params.eos_id);
  const std::string_view driver = driver_of(params.compat);
  named.text("driver", driver);
  if (driver != "unmask") {
    named.integer("unroll", params.compat.unroll);
    named.integer("expected_tpf", params.compat.expected_tpf);
  }
  return std::move(named.all);
}

Result<NamedValue> parse_assignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return invalid(quoted(text) + " is not of the form name=value");
  }
  return NamedValue{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace unmask::diffusion
