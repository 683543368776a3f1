/// Sets of parameters by name, for whoever does not want to choose.

#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "model/diffusion/named_value.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// A place on the frontier of `unmask eval`, whose figures README has.
struct JobPreset {
  std::string_view name;
  std::string_view help;
  std::vector<NamedValue> values;
};

/// From the one that is right most often to the one that takes the fewest forwards.
std::span<const JobPreset> job_presets();

/// The name under which one is asked for, beside the parameters of the table.
inline constexpr std::string_view kPresetParam = "preset";

/// `given` with what its preset stands for, and without the preset. What is given beside it has the
/// last word.
///
/// Errors  kInvalidArgument: no such preset, two of them, or a strategy beside one
Result<std::vector<NamedValue>> with_preset(std::span<const NamedValue> given);

}  // namespace unmask::diffusion
