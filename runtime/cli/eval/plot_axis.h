#pragma once

namespace unmask::cli {

/// Which values an axis shows, and how far its lines stand apart.
struct PlotAxis {
  double low = 0;
  double high = 1;
  double step = 1;

  /// 0 at its beginning, 1 at its end.
  [[nodiscard]] double part(double value) const { return (value - low) / (high - low); }
};

/// All from `low` to `high`, with about six lines at round numbers: 1, 2 or 5 times a power of ten
/// apart. It begins and ends with a line.
[[nodiscard]] PlotAxis axis_over(double low, double high);

}  // namespace unmask::cli
