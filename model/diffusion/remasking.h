/// What makes a candidate sure, before a strategy looks at it.

#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <variant>

#include "runtime/base/rng.h"

namespace unmask::diffusion {

/// The probability of its token.
struct LowConfidence {
  static constexpr std::string_view kName = "low_confidence";
  static void for_each_param(auto& /*params*/, auto /*visit*/) {}

  bool operator==(const LowConfidence&) const = default;
};

/// A random number, so that holes are filled in random order.
///
/// Source  LLaDA's generate, remasking="random"
struct RandomConfidence {
  static constexpr std::string_view kName = "random";
  static void for_each_param(auto& /*params*/, auto /*visit*/) {}

  bool operator==(const RandomConfidence&) const = default;
};

/// Named after what is masked again in the reference: all but the surest.
using Remasking = std::variant<LowConfidence, RandomConfidence>;

/// ln of a uniform number in (0, 1), a function of nothing but the arguments; of other random bits
/// than those that tokens are drawn with.
[[nodiscard]] inline float random_log_confidence(std::uint64_t seed, std::int32_t block,
                                                 std::int32_t decision, std::int32_t position) {
  constexpr std::uint32_t kPurpose = ~0U;  // where a draw has a fourth of a token id
  const auto bits =
      philox({kPurpose, std::uint32_t(position), std::uint32_t(decision), std::uint32_t(block)},
             {std::uint32_t(seed), std::uint32_t(seed >> 32)});
  return float(std::log((double(bits[0]) + 0.5) * 0x1p-32));
}

}  // namespace unmask::diffusion
