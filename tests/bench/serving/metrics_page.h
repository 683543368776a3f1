#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace unmask::bench {

/// What a process tells Prometheus at http://127.0.0.1:PORT/metrics.
///
/// Errors  kUnavailable naming the url
Result<std::string> fetch_metrics(const std::string& url);

/// The sum over all labels of a series of a page; 0 if it has none.
double sum_of(std::string_view page, std::string_view series);

}  // namespace unmask::bench
