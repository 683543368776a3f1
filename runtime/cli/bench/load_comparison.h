#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace unmask::cli {

/// One figure of two runs.
struct ComparedFigure {
  std::string name;  ///< as the JSON has it
  double before = 0;
  double after = 0;
  bool is_worse = false;  ///< by more than the tolerance
};

struct LoadComparison {
  std::vector<ComparedFigure> figures;  ///< those that both runs have
  /// In sentences: what makes the runs no fair comparison.
  std::vector<std::string> remarks;
};

/// Compares two runs, as `bench serve` writes them. tolerance: part of the first run's figure by
/// which the second one's may be worse; times that differ by less than a millisecond are as good.
///
/// Errors  kInvalidArgument, naming the run ("the first run") that is none
[[nodiscard]] Result<LoadComparison> compare_loads(const std::string& before,
                                                   const std::string& after, double tolerance);

/// A line a figure: both, their ratio, and which is worse; then the remarks, and a sentence that
/// names what is worse, or that nothing is.
[[nodiscard]] std::string to_text(const LoadComparison& comparison, double tolerance);

}  // namespace unmask::cli
