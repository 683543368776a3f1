#pragma once

namespace unmask::cli {

/// Parts of one.
struct Interval {
  double low = 0;
  double high = 1;
};

/// Where the true share lies with 95 % confidence, if `right` of `tried` independent items were
/// right; all is possible when none was tried.
///
/// Source  Wilson's score interval, which stays inside 0 to 1 and is sound for few items
[[nodiscard]] Interval wilson_95(int right, int tried);

}  // namespace unmask::cli
