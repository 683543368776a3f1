#include "runtime/cli/bench/percentile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/cli/text/number.h"

namespace unmask::cli {

double percentile(std::span<const double> sorted, double percent) {
  const double place = percent / 100 * double(sorted.size() - 1);
  const auto below = std::size_t(std::floor(place));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - double(below));
}

std::optional<Distribution> distribution_of(std::vector<double> values,
                                            std::span<const double> percents) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  Distribution distribution;
  distribution.mean = std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
  distribution.median = percentile(values, 50);
  for (const double percent : percents) {
    distribution.percentiles.emplace_back(percent, percentile(values, percent));
  }
  return distribution;
}

Result<std::vector<double>> parse_percents(const std::string& text) {
  std::vector<double> percents;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const Result<double> percent = parse_number(text.substr(begin, end - begin), 0, 100);
    if (!percent) return percent.error();
    percents.push_back(*percent);
    begin = end + 1;
  }
  return percents;
}

std::string percent_name(double percent) { return short_number(percent); }

}  // namespace unmask::cli
