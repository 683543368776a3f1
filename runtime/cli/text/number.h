#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace unmask::cli {

/// The whole of `text` as a number; "inf" is one, if max is.
///
/// Errors  kInvalidArgument, quoting it: no number, or not from min to max
[[nodiscard]] Result<double> parse_number(std::string_view text, double min, double max);

/// As short as it can be: "99", "99.9", "inf".
[[nodiscard]] std::string short_number(double number);

}  // namespace unmask::cli
