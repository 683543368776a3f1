#include <algorithm>
#include <cmath>

#include "model/diffusion/job_param_table.h"
#include "model/diffusion/job_presets.h"
#include "model/diffusion/param_text.h"

namespace unmask::diffusion {
namespace {

using enum ParamType;

constexpr std::size_t kHelpWidth = 100;

std::string shown_number(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e18) {
    return text_of(std::int64_t(number));
  }
  return text_of(number);
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 2, width), ' ');
  return text;
}

/// A line broken between words at kHelpWidth, what follows indented by `indent`.
std::string wrapped(std::string_view line, std::size_t indent) {
  std::string lines;
  std::size_t width = kHelpWidth;
  while (line.size() > width) {
    const std::size_t space = line.rfind(' ', width);
    lines += std::string(line.substr(0, space)) + "\n" + std::string(indent, ' ');
    line.remove_prefix(space + 1);
    width = kHelpWidth - indent;
  }
  return lines + std::string(line) + "\n";
}

std::string help_of(const JobParam& param) {
  std::string first = "  " + padded(std::string(param.name), 20);
  first += padded("default " + (param.default_value.empty() ? "none" : param.default_value), 24);
  first += range_of(param);
  if (!param.unit.empty()) first += " " + std::string(param.unit);
  std::string help = wrapped(first, 46) + "      " + std::string(param.help) + "\n";
  const auto& [chooser, choices] = param.applies_to;
  if (choices.empty()) return help;
  const std::string with = "with " + std::string(chooser) + " ";
  help += wrapped("      " + with + joined(choices, ", "), 11);
  for (const OtherDefault& other : param.other_defaults) {
    help += wrapped("      default " + other.value + " " + with + joined(other.choices, ", "), 11);
  }
  return help;
}

}  // namespace

std::string joined(std::span<const std::string_view> texts, std::string_view separator) {
  std::string all;
  for (const std::string_view text : texts) {
    if (!all.empty()) all += separator;
    all += text;
  }
  return all;
}

std::string range_of(const JobParam& param) {
  if (param.type == kBoolean) return "true or false";
  if (param.type == kChoice) return joined(param.choices, ", ");
  const auto [min, max] = param.bounds;
  if (min == max) return shown_number(min);
  return shown_number(min) + " to " + shown_number(max);
}

std::string job_params_help() {
  std::string help = "Parameters of a job, by --set name=value:\n\n";
  for (const JobParam& param : job_param_table()) help += help_of(param);
  help +=
      "\nOr a preset, by --preset NAME, beside which any of them but the strategy may be set:\n\n";
  for (const JobPreset& preset : job_presets()) {
    std::string values;
    for (const NamedValue& value : preset.values) values += " " + value.name + "=" + value.value;
    help += "  " + std::string(preset.name) + std::string(12 - preset.name.size(), ' ') +
            std::string(preset.help) + ":" + values + "\n";
  }
  return help;
}

}  // namespace unmask::diffusion
