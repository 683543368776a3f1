#include "model/diffusion/job_params.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <type_traits>

#include "model/diffusion/alternatives.h"
#include "model/diffusion/job_param_values.h"

namespace unmask::diffusion {
namespace {

/// Sets those fields that are given; the others keep what they have.
class FieldReader {
 public:
  explicit FieldReader(const JobParamValues& values) : values_(values) {}

  template <typename Params>
  void read_all(Params& params) {
    Params::for_each_param(params,
                           [&](const Param& param, auto& field) { read(param.name, field); });
  }

  std::optional<Error> error;

 private:
  template <typename Field>
  requires std::is_arithmetic_v<Field>
  void read(std::string_view name, Field& field) {
    if (!values_.is_given(name)) return;
    if constexpr (std::is_same_v<Field, bool>) {
      field = values_.boolean(name);
    } else {
      field = static_cast<Field>(values_.number(name));
    }
  }

  template <typename... Alternatives>
  void read(std::string_view name, std::variant<Alternatives...>& choice) {
    if (values_.is_given(name)) {
      const auto named = alternative_named<std::variant<Alternatives...>>(values_.text(name));
      if (!named) return fail(name);
      choice = *named;
    }
    std::visit([&](auto& params) { read_all(params); }, choice);
  }

  template <typename... Alternatives>
  void read(std::string_view name, std::optional<std::variant<Alternatives...>>& choice) {
    if (values_.is_given(name)) read(name, choice.emplace());
  }

  template <typename Params>
  void read(std::string_view name, std::optional<Params>& params) {
    if (values_.boolean(name)) read_all(params.emplace());
  }

  /// early_stop is not the preset's: jobs say it whoever drives.
  void read(std::string_view name, Compat& compat) {
    const auto* preset = std::ranges::find(kPresets, values_.text(name), &Preset::driver);
    if (preset == std::end(kPresets)) return fail(name);
    const bool early_stop = compat.early_stop;
    compat = preset->compat;
    compat.early_stop = early_stop;
    read_all(compat);
  }

  void fail(std::string_view name) {
    error = invalid(std::string(name) + " " + quoted(values_.text(name)) + " is not known");
  }

  const JobParamValues& values_;
};

/// An equal share of `steps_total` for every block.
std::int32_t steps_per_block(std::int32_t steps_total, const DiffusionParams& params) {
  const std::int32_t num_blocks =
      (params.gen_length + params.block_length - 1) / params.block_length;
  return std::max(steps_total / num_blocks, 1);
}

}  // namespace

Result<DiffusionParams> parse_job_params(std::span<const NamedValue> given) {
  const Result<std::vector<NamedValue>> chosen = with_preset(given);
  if (!chosen) return chosen.error();
  const Result<JobParamValues> values = JobParamValues::create(*chosen);
  if (!values) return values.error();
  DiffusionParams params;
  FieldReader reader(*values);
  reader.read_all(params);
  if (reader.error) return *reader.error;
  if (auto* fixed = std::get_if<FixedSteps>(&params.strategy);
      fixed != nullptr && values->is_given("steps_total")) {
    fixed->steps_per_block = steps_per_block(std::int32_t(values->number("steps_total")), params);
  }
  return params;
}

bool is_drawn(std::span<const NamedValue> values) {
  return std::ranges::any_of(values, [](const NamedValue& value) {
    double number = 0;
    std::from_chars(value.value.data(), value.value.data() + value.value.size(), number);
    return (value.name == "temperature" && number > 0) ||
           (value.name == "remasking" && value.value == RandomConfidence::kName);
  });
}

Result<NamedValue> parse_assignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return invalid(quoted(text) + " is not of the form name=value");
  }
  return NamedValue{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace unmask::diffusion
