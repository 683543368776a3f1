/// Randomness that is a function of its inputs: the same seed is the same run.

#pragma once

#include <array>
#include <cstdint>

namespace unmask {

/// Philox4x32-10: 128 random bits for every (key, counter), without state. Also callable in device
/// code (it is constexpr).
///
/// Source  Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {std::uint32_t(product1 >> 32) ^ counter[1] ^ key[0], std::uint32_t(product1),
               std::uint32_t(product0 >> 32) ^ counter[3] ^ key[1], std::uint32_t(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// A sequence of random numbers from a seed; streams of one seed are independent of each other.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  std::uint64_t next();

  /// Uniform in [0, bound); bound >= 1.
  std::uint64_t below(std::uint64_t bound);

  /// Uniform in [0, 1).
  double uniform();

  /// True with the given probability.
  bool chance(double probability) { return uniform() < probability; }

  /// Exponentially distributed; the mean is 1.
  double exponential();

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t num_drawn_ = 0;
  std::uint64_t spare_ = 0;  // the second half of the last philox block
};

}  // namespace unmask
