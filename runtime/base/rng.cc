#include "runtime/base/rng.h"

#include <cmath>

#include "runtime/base/check.h"

namespace unmask {

std::uint64_t Rng::next() {
  if (num_drawn_++ % 2 == 1) return spare_;
  const std::uint64_t block = num_drawn_ / 2;
  const auto bits = philox({std::uint32_t(block), std::uint32_t(block >> 32),
                            std::uint32_t(stream_), std::uint32_t(stream_ >> 32)},
                           {std::uint32_t(seed_), std::uint32_t(seed_ >> 32)});
  spare_ = std::uint64_t(bits[2]) << 32 | bits[3];
  return std::uint64_t(bits[0]) << 32 | bits[1];
}

std::uint64_t Rng::below(std::uint64_t bound) {
  UNMASK_CHECK(bound >= 1);
  // What is left over after the last whole multiple of `bound` would favour small results.
  const std::uint64_t limit = ~std::uint64_t(0) - (~std::uint64_t(0) % bound + 1) % bound;
  std::uint64_t drawn = next();
  while (drawn > limit) drawn = next();
  return drawn % bound;
}

double Rng::uniform() { return double(next() >> 11) * 0x1p-53; }

double Rng::exponential() { return -std::log1p(-uniform()); }

}  // namespace unmask
