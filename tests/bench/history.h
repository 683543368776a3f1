#pragma once

#include <filesystem>
#include <string>

#include "runtime/base/result.h"
#include "tests/bench/report.h"

namespace unmask::bench {

/// One line: when, of what, on what, the peaks, and the milliseconds and share of the peak of every
/// part, by "subject, weights, rows"; what serving gave.
std::string history_line(const Report& report);

/// Errors  kInvalidArgument if the file cannot be written
Result<> append_line(const std::filesystem::path& file, const std::string& line);

}  // namespace unmask::bench
