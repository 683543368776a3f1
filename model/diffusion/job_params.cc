#include "model/diffusion/job_params.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "runtime/base/nearest_name.h"

namespace unmask::diffusion {
namespace {

using enum ParamType;

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

/// " (did you mean X?)" if something is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view nearest = nearest_name(name, known, name.size() / 3 + 2);
  return nearest.empty() ? "" : " (did you mean " + std::string(nearest) + "?)";
}

/// Names under which a reference or a paper knows a strategy with something around it.
struct Alias {
  std::string_view name;
  std::string_view strategy;
  std::string_view switches_on;  ///< a boolean parameter, if any
};
constexpr Alias kAliases[] = {{"credit", "threshold", "credit"},
                              {"fastdllm_fixed", "fixed", ""},
                              {"llada_fixed", "fixed", ""}};

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

  /// Puts what a strategy's alias stands for in its place.
  [[nodiscard]] std::optional<Error> resolve_alias() {
    const std::string_view strategy = text("strategy");
    const auto* alias = std::ranges::find(kAliases, strategy, &Alias::name);
    if (alias == std::end(kAliases)) return std::nullopt;
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

/// `params` with those fields that are given, or have a default in the table.
template <typename Params>
Params with_values(Params params, const Values& values) {
  Params::for_each_param(params, [&]<typename Field>(std::string_view name, Field& field) {
    if (values.has(name)) field = static_cast<Field>(values.number(name));
  });
  return params;
}

/// The alternative of `Variant` (a strategy, a cache policy) that is called `name`, its parameters
/// read from `values`.
template <typename Variant>
Variant chosen(std::string_view name, const Values& values) {
  Variant result;
  const auto read = [&]<typename Params>(const Params& params) {
    if (Params::kName == name) result = with_values(params, values);
  };
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    (read(std::variant_alternative_t<Index, Variant>{}), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>());
  return result;
}

Compat compat_of(const Values& values) {
  const std::string_view driver = values.text("driver");
  Compat compat = std::ranges::find(kPresets, driver, &Preset::driver)->compat;
  compat.early_stop = values.boolean("early_stop");
  if (values.has("unroll")) compat.unroll = values.integer("unroll");
  if (values.has("expected_tpf")) compat.expected_tpf = values.integer("expected_tpf");
  return compat;
}

/// The first preset that `compat` is, but for what jobs set themselves.
const Preset& preset_of(Compat compat) {
  return *std::ranges::find_if(kPresets, [&](const Preset& preset) {
    compat.early_stop = preset.compat.early_stop;
    compat.unroll = preset.compat.unroll;
    compat.expected_tpf = preset.compat.expected_tpf;
    return preset.compat == compat;
  });
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

  /// A strategy or a cache policy: what it is called, and its parameters.
  template <typename Variant>
  void choice(std::string_view name, const Variant& chosen) {
    std::visit(
        [&]<typename Params>(const Params& params) {
          text(name, Params::kName);
          this->params(params);
        },
        chosen);
  }

  template <typename Params>
  void params(const Params& params) {
    const std::vector<NamedValue> unset = shown(Params{});
    std::size_t i = 0;
    for (const NamedValue& param : shown(params)) {
      const bool can_be_unset = find_param(param.name)->default_value.empty();
      if (!can_be_unset || param.value != unset[i].value) text(param.name, param.value);
      ++i;
    }
  }

  std::vector<NamedValue> all;

 private:
  template <typename Params>
  static std::vector<NamedValue> shown(const Params& params) {
    std::vector<NamedValue> values;
    Params::for_each_param(params, [&](std::string_view name, auto field) {
      std::array<char, 32> digits{};
      char* end = std::to_chars(digits.data(), digits.data() + digits.size(), field).ptr;
      values.push_back({std::string(name), std::string(digits.data(), end)});
    });
    return values;
  }
};

}  // namespace

Result<DiffusionParams> parse_job_params(std::span<const NamedValue> given) {
  Values values;
  for (const NamedValue& value : given) {
    if (auto error = values.set(value)) return *error;
  }
  if (auto error = values.resolve_alias()) return *error;
  if (auto error = values.find_idle()) return *error;
  DiffusionParams params;
  params.gen_length = values.integer("gen_length");
  params.block_length = values.integer("block_length");
  params.start_block_align = values.boolean("start_block_align");
  params.strategy = chosen<Strategy>(values.text("strategy"), values);
  if (auto* fixed = std::get_if<FixedSteps>(&params.strategy); fixed && values.has("steps_total")) {
    const std::int32_t num_blocks =
        (params.gen_length + params.block_length - 1) / params.block_length;
    fixed->steps_per_block = std::max(values.integer("steps_total") / num_blocks, 1);
  }
  if (values.boolean("credit")) params.credit = with_values(Credit{}, values);
  if (values.has("cache")) params.cache = chosen<CachePolicy>(values.text("cache"), values);
  params.compat = compat_of(values);
  params.seed = std::uint64_t(values.number("seed"));
  params.mask_id = values.integer_or("mask_id", -1);
  params.eos_id = values.integer_or("eos_id", -1);
  params.eot_id = values.integer_or("eot_id", -1);
  params.logits_eos_inf = values.boolean("logits_eos_inf");
  params.confidence_eos_eot_inf = values.boolean("confidence_eos_eot_inf");
  return params;
}

std::vector<NamedValue> named_values(const DiffusionParams& params) {
  Named named;
  named.integer("gen_length", params.gen_length);
  named.integer("block_length", params.block_length);
  named.boolean("start_block_align", params.start_block_align);
  named.choice("strategy", params.strategy);
  named.boolean("credit", params.credit.has_value());
  if (params.credit) named.params(*params.credit);
  if (params.cache) named.choice("cache", *params.cache);
  named.boolean("early_stop", params.compat.early_stop);
  named.integer("seed", std::int64_t(params.seed));
  if (params.mask_id >= 0) named.integer("mask_id", params.mask_id);
  if (params.eos_id >= 0) named.integer("eos_id", params.eos_id);
  if (params.eot_id >= 0) named.integer("eot_id", params.eot_id);
  named.boolean("logits_eos_inf", params.logits_eos_inf);
  named.boolean("confidence_eos_eot_inf", params.confidence_eos_eot_inf);
  const auto& [driver, compat] = preset_of(params.compat);
  named.text("driver", driver);
  if (params.compat.unroll != compat.unroll) named.integer("unroll", params.compat.unroll);
  if (params.compat.expected_tpf != compat.expected_tpf) {
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
