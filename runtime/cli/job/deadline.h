#pragma once

#include <chrono>
#include <string>

#include "runtime/base/result.h"

namespace unmask::cli {

/// "2s", "500ms", "1min": what a job may have at most of them.
///
/// Errors  kInvalidArgument, beginning with `name`: no time, or not 1 ms to actors::kMaxDeadline
[[nodiscard]] Result<std::chrono::milliseconds> parse_deadline(const std::string& text,
                                                               const std::string& name);
/// The same from a number of seconds.
[[nodiscard]] Result<std::chrono::milliseconds> deadline_of(double seconds,
                                                            const std::string& name);

}  // namespace unmask::cli
