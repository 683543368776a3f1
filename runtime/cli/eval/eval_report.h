/// What an evaluation found, put together from the results of its items.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cli/eval/grid.h"
#include "runtime/cli/eval/interval.h"
#include "runtime/cli/eval/results_file.h"
#include "runtime/cli/eval/task.h"

namespace unmask::cli {

/// Of some items.
struct Score {
  int tried = 0;
  int right = 0;
  std::int64_t tokens = 0;
  std::int64_t forwards = 0;
  double seconds = 0;  ///< of all items, which ran beside each other

  void add(const ItemResult& result);
  [[nodiscard]] double share_right() const { return tried > 0 ? double(right) / tried : 0; }
  [[nodiscard]] Interval interval() const { return wilson_95(right, tried); }
  /// Over all items together.
  [[nodiscard]] double tokens_per_forward() const {
    return forwards > 0 ? double(tokens) / double(forwards) : 0;
  }
  [[nodiscard]] double forwards_per_item() const {
    return tried > 0 ? double(forwards) / tried : 0;
  }
};

struct VariantScore {
  Variant variant;
  Score all;
  std::vector<Score> tasks;  ///< as in EvalReport::tasks
  /// No other variant is at least as often right with at least as many tokens per forward, and
  /// better in one of them.
  bool is_on_frontier = false;
};

struct EvalReport {
  std::string model;
  std::vector<std::pair<std::string, std::vector<PublishedFigure>>> tasks;
  std::vector<VariantScore> variants;  ///< those that have results
  std::vector<std::string> left_out;
};

/// Results of other tasks, variants and items than these count for nothing.
[[nodiscard]] EvalReport make_report(const std::string& model, std::span<const EvalTask> tasks,
                                     const Grid& grid, std::span<const ItemResult> results);

}  // namespace unmask::cli
