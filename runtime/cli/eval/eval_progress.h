#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

#include "runtime/actor/clock.h"

namespace unmask::cli {

/// How far the items of one start are.
struct EvalProgress {
  std::size_t done = 0;
  std::size_t total = 0;
  std::size_t in_flight = 0;
  std::size_t right = 0;
};

/// "37 of 120 items, 8 in flight, 94.6 % right, about 12 s left"
[[nodiscard]] std::string progress_text(const EvalProgress& progress, double seconds);

/// Shows it on `file`: on a terminal a line that is drawn again, else a line for every tenth part.
class ProgressLine {
 public:
  ProgressLine(std::FILE* file, const Clock& clock);
  /// A line that is drawn again goes.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const EvalProgress& progress);

 private:
  std::FILE* file_;
  const Clock& clock_;
  const bool is_terminal_;
  const Time began_;
  std::size_t told_tenths_ = 0;
  bool is_drawn_ = false;
};

}  // namespace unmask::cli
