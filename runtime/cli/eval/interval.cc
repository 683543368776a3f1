#include "runtime/cli/eval/interval.h"

#include <algorithm>
#include <cmath>

namespace unmask::cli {

Interval wilson_95(int right, int tried) {
  if (tried <= 0) return {};
  constexpr double kZ = 1.959963984540054;  // of 97.5 %
  const double n = tried, share = double(right) / n, z2 = kZ * kZ;
  const double center = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

}  // namespace unmask::cli
