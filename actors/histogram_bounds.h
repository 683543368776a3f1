/// Bounds of histograms that follow from what the limits allow, so that no quantile ends below
/// them.

#pragma once

#include <cmath>
#include <vector>

namespace unmask::actors {

/// 1, 2, 5, 10, ... times powers of ten from `first`, which is one of these, up to `last`, which is
/// the last bound whatever it is.
[[nodiscard]] inline std::vector<double> bounds_up_to(double first, double last) {
  constexpr double kSteps[] = {1, 2, 5};
  std::vector<double> bounds;
  for (int power = int(std::floor(std::log10(first)));; ++power) {
    for (const double step : kSteps) {
      const double bound = power < 0 ? step / std::pow(10, -power) : step * std::pow(10, power);
      if (bound >= last) {
        bounds.push_back(last);
        return bounds;
      }
      if (bound >= first) bounds.push_back(bound);
    }
  }
}

/// For counts from 1 to `last`. They lie between the integers, because quantiles are interpolated
/// between bounds: of nothing but ones the median is 1, and not a half.
[[nodiscard]] inline std::vector<double> count_bounds_up_to(int last) {
  std::vector<double> bounds{0.5};
  for (int power = 1; power < last; power *= 2) {
    bounds.push_back(power + 0.5);
    const int between = power + power / 2;
    if (power > 1 && between < last) bounds.push_back(between + 0.5);
  }
  bounds.push_back(last + 0.5);
  return bounds;
}

}  // namespace unmask::actors
