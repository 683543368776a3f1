#pragma once

#include <cstdint>

#include "runtime/actor/timers.h"
#include "runtime/base/rng.h"

namespace unmask::simulation {

/// Uniform, from `low` to `high`, both included.
inline std::int32_t between(Rng& rng, int low, int high) {
  return low + std::int32_t(rng.below(std::uint64_t(high - low + 1)));
}
inline Duration between(Rng& rng, Duration low, Duration high) {
  return low + Duration(std::int64_t(rng.below(std::uint64_t((high - low).count()) + 1)));
}

}  // namespace unmask::simulation
