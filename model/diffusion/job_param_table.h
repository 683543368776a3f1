/// The table of job parameters: what they are called, mean, default to, and range over. Computed
/// from what the structs say of their fields.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/diffusion/param.h"

namespace unmask::diffusion {

enum class ParamType : std::uint8_t { kInteger, kNumber, kBoolean, kChoice };

/// A parameter is read if the choice `param` is one of `values`; no values: always.
struct Condition {
  std::string_view param;
  std::vector<std::string_view> values;
};

/// A default that is not the one of the row, and the choices with which it holds.
struct OtherDefault {
  std::string value;
  std::vector<std::string_view> choices;
};

/// One row of the table.
struct JobParam : Param {
  ParamType type = ParamType::kInteger;
  std::string default_value;                ///< empty: unset
  std::vector<std::string_view> choices{};  ///< of kChoice
  Condition applies_to{};
  std::vector<OtherDefault> other_defaults{};  ///< of the choices of `applies_to`
};

/// All parameters, in the order in which help lists them.
std::span<const JobParam> job_param_table();

/// The row of a parameter; null if there is none of that name.
const JobParam* find_job_param(std::string_view name);

/// What a value may be, for people: "1 to 100", "none, prefix, dual".
std::string range_of(const JobParam& param);

/// "a, b" of a and b.
std::string joined(std::span<const std::string_view> texts, std::string_view separator);

/// The table as text, for a terminal of 100 columns.
std::string job_params_help();

}  // namespace unmask::diffusion
