#pragma once

#include "model/diffusion/cache_policies/plan.h"

namespace unmask::diffusion {

/// Every forward computes the whole canvas. With full attention nothing else is exact.
struct NoCache {
  struct State {
    bool operator==(const State&) const = default;
  };

  bool operator==(const NoCache&) const = default;
};

UNMASK_HOST_DEVICE inline Plan plan(const NoCache& /*params*/, const PlanInput& input,
                                    NoCache::State& /*state*/) noexcept {
  return {.phase = Phase::kDenoise,
          .computed = {0, input.num_positions},
          .visible = {},
          .written = {},
          .decoded = input.block,
          .mixed = {},
          .ends_call = true};
}

}  // namespace unmask::diffusion
