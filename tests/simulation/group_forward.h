#pragma once

#include <memory>
#include <vector>

#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::simulation {

/// The forward of all ranks of one epoch, from its empty caches on.
class GroupForward {
 public:
  virtual ~GroupForward() = default;

  /// steps: by rank, as each of them got it. The results are by rank, too.
  virtual std::vector<Result<StepResult>> run(const std::vector<Step>& steps) = 0;

  /// Sequences that keep pages on a rank.
  [[nodiscard]] virtual int num_open_sequences(int rank) const = 0;
};

}  // namespace unmask::simulation
