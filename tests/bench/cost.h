/// What a forward costs, by the part of the model that it goes to.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace unmask::bench {

enum class Part { kDense, kAttention, kExperts, kLmHead, kRest };
inline constexpr std::size_t kNumParts = 5;
inline constexpr std::array<const char*, kNumParts> kPartNames = {"dense", "attention", "experts",
                                                                  "lm_head", "rest"};

/// Work is what the mathematics asks for: a multiplication and an addition are two operations; a
/// weight or a key that is needed counts once, however often it is read.
struct Cost {
  double seconds = 0;
  double flops = 0;
  double bytes = 0;

  [[nodiscard]] double gflops() const { return seconds > 0 ? flops / seconds * 1e-9 : 0; }
  [[nodiscard]] double gbytes() const { return seconds > 0 ? bytes / seconds * 1e-9 : 0; }
};

struct ForwardCost {
  Cost total;
  std::array<Cost, kNumParts> parts;

  /// Of the whole, measured otherwise than as the parts were. The rest is what they leave.
  void set_total(double seconds) {
    total.seconds = seconds;
    double booked = 0;
    for (const Cost& part : parts) booked += part.flops > 0 ? part.seconds : 0;
    parts[std::size_t(Part::kRest)].seconds = std::max(0.0, seconds - booked);
  }

  [[nodiscard]] Cost& operator[](Part part) { return parts[std::size_t(part)]; }
  [[nodiscard]] const Cost& operator[](Part part) const { return parts[std::size_t(part)]; }
};

}  // namespace unmask::bench
