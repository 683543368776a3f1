#include "runtime/cli/eval/plot_axis.h"

#include <algorithm>
#include <cmath>

namespace unmask::cli {
namespace {

constexpr double kMostLines = 6;

double round_step(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

}  // namespace

PlotAxis axis_over(double low, double high) {
  const double range = std::max(high - low, 1e-6);  // a single value has an axis, too
  const double step = round_step(range / kMostLines);
  const double begin = step * std::floor(low / step);
  return {begin, std::max(step * std::ceil(high / step), begin + step), step};
}

}  // namespace unmask::cli
