/// Forwards that workers make one after another, deciding themselves what the next one is.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/diffusion/loop.h"
#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

inline constexpr std::int32_t kMaxBurst = 64;

/// Of all that the workers are asked for: who decides alike asks for the same.
[[nodiscard]] std::uint64_t digest_of(const SequenceStep& step);

/// Whether a burst goes on behind a forward of the loop: within the block, with a plain forward.
[[nodiscard]] bool can_go_on(const DiffusionLoop& loop, const Applied& applied);

/// The loops of one step with burst, on a worker. All ranks have the same.
class Burst {
 public:
  /// Errors  kInvalidArgument: a loop is damaged, or not at the forward that its sequence asks for
  static Result<Burst> of(const Step& step);

  /// The step that follows the one with this result; nothing at the burst's end: after so many
  /// forwards, or behind the first after which one of the loops cannot go on.
  [[nodiscard]] std::optional<Step> next(const StepResult& result);

  /// Says in the result of the last step what the workers asked themselves for, and whether they
  /// go on. Another step is the last one then.
  void sign(StepResult& result, bool goes_on);

 private:
  Burst(std::int32_t num_left, std::size_t num_rows) : num_left_(num_left), num_rows_(num_rows) {}

  std::vector<DiffusionLoop> loops_;   // by sequence of the step
  std::vector<std::uint64_t> asked_;   // by sequence of the last step; empty: of the first one
  std::vector<std::uint64_t> coming_;  // of the step that next() returned
  std::int32_t num_left_;
  std::size_t num_rows_;  // there is room for
};

}  // namespace unmask::diffusion
