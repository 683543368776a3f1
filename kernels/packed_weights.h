/// Weights in a backend's own layout.

#pragma once

#include <cstddef>

#include "kernels/tensor.h"

namespace unmask::kernels {

/// Made once, at load, by the backend that multiplies with it.
class PackedMatrix {
 public:
  virtual ~PackedMatrix() = default;
  [[nodiscard]] virtual int rows() const = 0;            ///< output features
  [[nodiscard]] virtual int cols() const = 0;            ///< input features
  [[nodiscard]] virtual int num_col_shares() const = 0;  ///< of the sum over them
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// SwiGLU experts of one shape.
class PackedExperts {
 public:
  virtual ~PackedExperts() = default;
  [[nodiscard]] virtual int num_experts() const = 0;
  [[nodiscard]] virtual int hidden_size() const = 0;  ///< 0 if there is no expert
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// One SwiGLU expert as a checkpoint holds it: gate, up [width, hidden]; down [hidden, width].
struct ExpertMatrices {
  HostMatrix gate, up, down;
};

}  // namespace unmask::kernels
