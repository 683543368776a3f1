#include "model/diffusion/job_param_table.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "model/diffusion/alternatives.h"
#include "model/diffusion/param_choices.h"
#include "model/diffusion/param_text.h"
#include "model/diffusion/params.h"
#include "runtime/base/check.h"

namespace unmask::diffusion {
namespace {

using enum ParamType;

template <typename Field>
constexpr bool kIsSwitch = false;
template <typename Params>
constexpr bool kIsSwitch<std::optional<Params>> = true;
template <typename... Alternatives>
constexpr bool kIsSwitch<std::optional<std::variant<Alternatives...>>> = false;

template <typename Field>
constexpr ParamType type_of() {
  if (std::is_same_v<Field, bool> || kIsSwitch<Field>) return kBoolean;
  if (std::is_floating_point_v<Field>) return kNumber;
  return std::is_integral_v<Field> ? kInteger : kChoice;
}

template <typename Field>
JobParam row_of(const Param& param, const Field& field) {
  JobParam row;
  static_cast<Param&>(row) = param;
  row.type = type_of<Field>();
  if (param.unset != Unset::kByDefault) row.default_value = text_of(field);
  row.choices = choices_of(field);
  return row;
}

/// Adds the rows of a field, and of what it holds.
class TableBuilder {
 public:
  template <typename Field>
  void add(const Param& param, const Field& field) {
    UNMASK_CHECK(find(param.name) == nullptr);
    rows.push_back(row_of(param, field));
    add_parts(param, field);
  }

  std::vector<JobParam> rows;

 private:
  void add_parts(const Param& /*param*/, const auto& /*field*/) {}

  template <typename... Alternatives>
  void add_parts(const Param& param, const std::variant<Alternatives...>& /*field*/) {
    (add_part(param.name, Alternatives::kName, Alternatives{}), ...);
  }

  template <typename... Alternatives>
  void add_parts(const Param& param, const std::optional<std::variant<Alternatives...>>&) {
    (add_part(param.name, Alternatives::kName, Alternatives{}), ...);
  }

  template <typename Params>
  void add_parts(const Param& param, const std::optional<Params>& /*field*/) {
    add_part(param.name, "true", Params{});
  }

  /// Our own habits are no business of jobs.
  void add_parts(const Param& param, const Compat& /*field*/) {
    for (const Preset& preset : kPresets) {
      if (preset.compat != kDefault) add_part(param.name, preset.driver, preset.compat);
    }
  }

  template <typename Params>
  void add_part(std::string_view chooser, std::string_view choice, const Params& params) {
    const auto add = [&](const Param& param, const auto& field) {
      add_shared(row_of(param, field), chooser, choice);
    };
    Params::for_each_param(params, add);
    for_each_fieldless_param_of<Params>(add);
  }

  /// Several choices may have the parameter: they agree on all but its default.
  void add_shared(JobParam row, std::string_view chooser, std::string_view choice) {
    JobParam* shared = find(row.name);
    if (shared == nullptr) {
      row.applies_to = {chooser, {choice}};
      rows.push_back(std::move(row));
      return;
    }
    UNMASK_CHECK(Param(*shared) == Param(row) && shared->type == row.type);
    UNMASK_CHECK(shared->applies_to.param == chooser);
    shared->applies_to.values.push_back(choice);
    if (row.default_value == shared->default_value) return;
    auto other = std::ranges::find(shared->other_defaults, row.default_value, &OtherDefault::value);
    if (other == shared->other_defaults.end()) {
      other = shared->other_defaults.insert(other, {row.default_value, {}});
    }
    other->choices.push_back(choice);
  }

  JobParam* find(std::string_view name) {
    const auto found = std::ranges::find(rows, name, &JobParam::name);
    return found == rows.end() ? nullptr : &*found;
  }
};

std::vector<JobParam> computed_table() {
  TableBuilder table;
  const auto add = [&](const Param& param, const auto& field) { table.add(param, field); };
  const DiffusionParams defaults;
  DiffusionParams::for_each_param(defaults, add);
  return std::move(table.rows);
}

}  // namespace

std::span<const JobParam> job_param_table() {
  static const std::vector<JobParam> table = computed_table();
  return table;
}

const JobParam* find_job_param(std::string_view name) {
  const auto table = job_param_table();
  const auto found = std::ranges::find(table, name, &JobParam::name);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace unmask::diffusion
