/// The parameters of a job, from text and back.
///
/// Command line flags, `--set`, the gateway, the coordinator and trace files all read them here,
/// under the names of the golden traces.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/diffusion/job_param_table.h"  // IWYU pragma: export
#include "model/diffusion/job_presets.h"      // IWYU pragma: export
#include "model/diffusion/named_value.h"
#include "model/diffusion/params.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// What is not named has its default; the value "null" is the same as leaving the name out.
///
/// Errors  kInvalidArgument naming the parameter: unknown (with the nearest name), given twice, not
///         of its type, out of its range (with the range), or of no effect beside the others
Result<DiffusionParams> parse_job_params(std::span<const NamedValue> values);

/// The other way round, without what is at its default: parse_job_params gives equal `params`.
std::vector<NamedValue> named_values(const DiffusionParams& params);

/// Whether what such a job gives depends on its seed: tokens are drawn, or an order of holes. Of
/// what is no number parse_job_params speaks.
bool is_drawn(std::span<const NamedValue> values);

/// "name=value", as `--set` takes it.
Result<NamedValue> parse_assignment(std::string_view text);

}  // namespace unmask::diffusion
