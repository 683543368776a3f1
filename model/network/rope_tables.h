#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace unmask::network {

/// Cosines and sines of all positions, made in double: angle = position * theta^(-2j / rotary_dim).
class RopeTables {
 public:
  RopeTables(kernels::Backend& backend, double theta, int rotary_dim, int num_positions)
      : rotary_dim_(rotary_dim) {
    const int half = rotary_dim / 2;
    std::vector<float> cos, sin;
    for (int position = 0; position < num_positions; ++position) {
      for (int j = 0; j < half; ++j) {
        const double angle = position * std::pow(theta, -2.0 * j / rotary_dim);
        cos.push_back(static_cast<float>(std::cos(angle)));
        sin.push_back(static_cast<float>(std::sin(angle)));
      }
    }
    cos_ = backend.allocate(cos.size() * sizeof(float));
    sin_ = backend.allocate(sin.size() * sizeof(float));
    backend.upload(cos_->data(), cos.data(), cos.size() * sizeof(float));
    backend.upload(sin_->data(), sin.data(), sin.size() * sizeof(float));
    backend.synchronize();
  }

  [[nodiscard]] kernels::Rope view() const {
    return {.cos = static_cast<const float*>(cos_->data()),
            .sin = static_cast<const float*>(sin_->data()),
            .rotary_dim = rotary_dim_};
  }

 private:
  int rotary_dim_;
  std::unique_ptr<kernels::Buffer> cos_, sin_;
};

}  // namespace unmask::network
