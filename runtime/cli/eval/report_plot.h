#pragma once

#include <string>

#include "runtime/cli/eval/eval_report.h"

namespace unmask::cli {

/// An SVG: of each variant, how often it is right (with the interval) over its tokens per forward;
/// a line joins those that no other beats. Colors are strategies, numbers name them in the legend,
/// rings are smoothing.
[[nodiscard]] std::string report_plot(const EvalReport& report);

}  // namespace unmask::cli
