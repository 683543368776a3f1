#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "kernels/float_formats.h"
#include "kernels/tensor.h"

namespace unmask::bench {

/// Matrices of bf16 numbers, normally distributed, of any size up to kMaxWeights: windows of one
/// array, so that a model of many matrices takes little memory before it is packed.
class RandomWeights {
 public:
  static constexpr std::int64_t kMaxWeights = std::int64_t{8} << 20;

  explicit RandomWeights(float deviation) : bits_(std::size_t(kMaxWeights + kShift)) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0f, deviation);
    for (std::uint16_t& bits : bits_) bits = kernels::bf16_of(normal(random));
  }

  /// rows * cols <= kMaxWeights
  [[nodiscard]] kernels::HostMatrix next(std::int64_t rows, std::int64_t cols) {
    first_ = (first_ + kStride) % kShift;
    return {bits_.data() + first_, kernels::DType::kBF16, rows, cols, cols};
  }

 private:
  static constexpr std::int64_t kShift = 4096,
                                kStride = 1009;  // a prime: no row begins like another

  std::vector<std::uint16_t> bits_;
  std::int64_t first_ = 0;
};

}  // namespace unmask::bench
