/// What drawing a token is made of, the same on every device.

#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/ops/draw_rules.h"
#include "runtime/base/host_device.h"
#include "runtime/base/rng.h"

namespace unmask::kernels {

/// Orders logits as whole numbers, -inf first.
UNMASK_HOST_DEVICE constexpr std::uint32_t ordered_key(float logit) {
  const auto bits = std::bit_cast<std::uint32_t>(logit);
  return bits >> 31 != 0 ? ~bits : bits | 1u << 31;
}

inline constexpr std::uint32_t kLowestKey = 0x007fffff;  ///< ordered_key(-inf)

/// exp() of the distance to the largest logit, in 2^-40: whole numbers, whose sum has no order.
UNMASK_HOST_DEVICE inline std::uint64_t weight_of(float logit, float max, float temperature) {
  constexpr double kOne = 1099511627776.0;
  constexpr double kNothing = -28;  // less than half of 2^-40
  const double below = (double(logit) - max) / temperature;
  return below < kNothing ? 0 : std::uint64_t(std::exp(below) * kOne + 0.5);
}

/// Of a sum of weights, rounded up, and at least something.
UNMASK_HOST_DEVICE inline std::uint64_t share_of(std::uint64_t total, float top_p) {
  const double wanted = std::ceil(double(total) * double(top_p));
  if (wanted < 1) return 1;
  return wanted < double(total) ? std::uint64_t(wanted) : total;
}

/// The random bits of four ids, the first of which is a multiple of four.
class DrawBits {
 public:
  UNMASK_HOST_DEVICE DrawBits(const DrawRules& rules, std::int32_t position)
      : rules_(rules), position_(position) {}

  /// Fast if ids are asked for in order.
  UNMASK_HOST_DEVICE std::uint32_t of(std::int32_t id) {
    if (id >> 2 != quad_) {
      quad_ = id >> 2;
      bits_ = philox({std::uint32_t(quad_), std::uint32_t(position_),
                      std::uint32_t(rules_.decision), std::uint32_t(rules_.block)},
                     {std::uint32_t(rules_.seed), std::uint32_t(rules_.seed >> 32)});
    }
    return bits_[std::size_t(id & 3)];
  }

 private:
  DrawRules rules_;
  std::int32_t position_;
  std::int32_t quad_ = -1;
  std::array<std::uint32_t, 4> bits_{};
};

/// What the largest of is drawn.
UNMASK_HOST_DEVICE inline double noisy(float logit, float temperature, std::uint32_t bits) {
  const double uniform = (double(bits) + 0.5) * 0x1p-32;
  return double(logit) - double(temperature) * std::log(-std::log(uniform));
}

}  // namespace unmask::kernels
