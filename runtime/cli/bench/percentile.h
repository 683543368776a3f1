#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"

namespace unmask::cli {

/// Between the two nearest of `sorted`, linearly, as NumPy does it. percent: 0 to 100. `sorted` is
/// ascending and not empty.
[[nodiscard]] double percentile(std::span<const double> sorted, double percent);

/// What there is to say about many values.
struct Distribution {
  double mean = 0;
  double median = 0;
  std::vector<std::pair<double, double>> percentiles;  ///< percent, value; as they were asked for
};

/// Nothing if there are no values.
[[nodiscard]] std::optional<Distribution> distribution_of(std::vector<double> values,
                                                          std::span<const double> percents);

/// "50,90,99.9". Errors: kInvalidArgument, naming the part that is no number from 0 to 100.
[[nodiscard]] Result<std::vector<double>> parse_percents(const std::string& text);

/// "99", "99.9".
[[nodiscard]] std::string percent_name(double percent);

}  // namespace unmask::cli
