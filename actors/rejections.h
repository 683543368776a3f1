#pragma once

#include <array>

#include "runtime/base/metrics.h"
#include "runtime/base/result.h"

namespace unmask::actors {

/// Counts the jobs that were not accepted, by reason: the same series, whoever refuses. Who passes
/// another one's refusal on does not count it again.
class Rejections {
 public:
  explicit Rejections(Metrics& metrics);

  void count(ErrorCode code);

 private:
  static constexpr std::size_t kNumReasons = 5;

  std::array<Counter*, kNumReasons> refused_;
};

}  // namespace unmask::actors
