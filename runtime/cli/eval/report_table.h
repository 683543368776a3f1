#pragma once

#include <string>

#include "runtime/cli/eval/eval_report.h"

namespace unmask::cli {

/// Tables of Markdown whose columns stand below each other: all variants, then each task, then what
/// others have published beside it, then what was left out.
[[nodiscard]] std::string report_table(const EvalReport& report);

}  // namespace unmask::cli
