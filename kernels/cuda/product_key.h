#pragma once

#include <compare>
#include <cstdint>

namespace unmask::kernels {

/// kGateUp and kDown are the two products of an MLP.
enum class ProductKind : std::uint8_t { kLinear, kHead, kGateUp, kDown };

/// A product as far as its time depends on it: bf16 times bf16, sums and result f32.
struct ProductKey {
  ProductKind kind = ProductKind::kLinear;
  int features = 0;  ///< rows of the weights
  int depth = 0;     ///< elements of a packed row of the weights
  int rows = 0;      ///< that there is room for

  friend auto operator<=>(const ProductKey&, const ProductKey&) = default;
};

}  // namespace unmask::kernels
