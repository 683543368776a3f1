#pragma once

#include <string>

#include "runtime/cli/eval/eval_report.h"

namespace unmask::cli {

/// One line: everything that the table has, and the parameters of each variant.
[[nodiscard]] std::string report_json(const EvalReport& report);

}  // namespace unmask::cli
