#pragma once

#include <vector>

#include "tests/bench/cost.h"
#include "tests/bench/peak.h"
#include "tests/bench/stopwatch.h"

namespace unmask::bench {

/// Repeated measurements of one thing, of which the good ones count: whatever disturbs the machine
/// makes them worse. Time on the wall is never too short, so its best is taken; processor time now
/// and then is, so the best quarter of its samples is passed over.
class Samples {
 public:
  explicit Samples(Stopwatch::Kind kind)
      : passed_over_(kind == Stopwatch::Kind::kWall ? 0.0 : 0.25) {}

  void add(const ForwardCost& cost) { costs_.push_back(cost); }
  void add(const Peaks& peaks) { peaks_.push_back(peaks); }

  [[nodiscard]] int num_costs() const { return int(costs_.size()); }
  /// The total and each part for itself.
  [[nodiscard]] ForwardCost cost() const;
  /// Each peak for itself.
  [[nodiscard]] Peaks peaks() const;

 private:
  double passed_over_;
  std::vector<ForwardCost> costs_;
  std::vector<Peaks> peaks_;
};

}  // namespace unmask::bench
