/// The one table of job parameters: what they are called, mean, default to, and range over.
///
/// Command line flags, `--set`, the gateway, the coordinator and trace files all read it, under the
/// names of the golden traces.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/diffusion/named_value.h"
#include "model/diffusion/params.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

enum class ParamType : std::uint8_t { kInteger, kNumber, kBoolean, kChoice };

/// One row of the table.
struct JobParam {
  std::string_view name;
  ParamType type = ParamType::kInteger;
  std::string_view default_value;  ///< empty: unset
  double min = 0;                  ///< of kInteger and kNumber, inclusive, in `unit`
  double max = 0;
  std::string_view unit;        ///< empty: a plain number
  std::string_view choices;     ///< of kChoice, separated by '|'
  std::string_view applies_to;  ///< "strategy=fixed", "cache=prefix|dual", empty = always
  std::string_view help;
};

/// All parameters, in the order in which help lists them.
std::span<const JobParam> job_param_table();

/// What a value may be, for people: "1 to 100", "none, prefix, dual".
std::string range_of(const JobParam& param);

/// What is not named has its default; the value "null" is the same as leaving the name out.
///
/// Errors  kInvalidArgument naming the parameter: unknown (with the nearest name), given twice, not
///         of its type, out of its range (with the range), or of no effect beside the others
Result<DiffusionParams> parse_job_params(std::span<const NamedValue> values);

/// The other way round, without what is at its default: parse_job_params gives equal `params`.
std::vector<NamedValue> named_values(const DiffusionParams& params);

/// "name=value", as `--set` takes it.
Result<NamedValue> parse_assignment(std::string_view text);

/// The table as text, for a terminal of 100 columns.
std::string job_params_help();

}  // namespace unmask::diffusion
