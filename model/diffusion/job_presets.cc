#include "model/diffusion/job_presets.h"

#include <algorithm>
#include <string>

#include "model/diffusion/job_param_values.h"

namespace unmask::diffusion {
namespace {

std::string preset_names() {
  std::string names;
  for (const JobPreset& preset : job_presets()) {
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
  }
  return names;
}

bool has(std::span<const NamedValue> values, std::string_view name) {
  return std::ranges::find(values, name, &NamedValue::name) != values.end();
}

}  // namespace

std::span<const JobPreset> job_presets() {
  static const std::vector<JobPreset> presets = {
      {"quality", "surest tokens only", {{"strategy", "threshold"}, {"threshold", "0.9"}}},
      {"balanced", "fewer forwards, by what forwards before thought", {{"strategy", "credit"}}},
      {"fast", "fewest forwards", {{"strategy", "threshold"}, {"threshold", "0.5"}}}};
  return presets;
}

Result<std::vector<NamedValue>> with_preset(std::span<const NamedValue> given) {
  std::vector<NamedValue> values;
  const JobPreset* chosen = nullptr;
  for (const NamedValue& value : given) {
    if (value.name != kPresetParam) {
      values.push_back(value);
    } else if (chosen != nullptr) {
      return invalid("preset is given twice");
    } else if (value.value != "null") {
      const auto found = std::ranges::find(job_presets(), value.value, &JobPreset::name);
      if (found == job_presets().end()) {
        return invalid("preset " + quoted(value.value) + " is not known; there are " +
                       preset_names());
      }
      chosen = &*found;
    }
  }
  if (chosen == nullptr) return values;
  if (has(values, "strategy")) {
    return invalid("preset " + quoted(chosen->name) +
                   " chooses the strategy; leave out one of the two");
  }
  for (const NamedValue& value : chosen->values) {
    if (!has(values, value.name)) values.push_back(value);
  }
  return values;
}

}  // namespace unmask::diffusion
