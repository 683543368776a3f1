#pragma once

#include <span>
#include <vector>

#include "kernels/cuda/product_key.h"
#include "kernels/fast_products.h"
#include "kernels/packed_weights.h"

namespace unmask::kernels {

/// The weights that are multiplied alike, which a trial takes in turn.
struct Alike {
  ProductKind kind = ProductKind::kLinear;  ///< kGateUp: MLPs
  std::vector<const PackedMatrix*> matrices{};
  std::vector<const PackedExperts*> mlps{};

  /// Of its products with so many rows: one, or the two of an MLP.
  [[nodiscard]] std::vector<ProductKey> keys(int rows) const;
};

/// Those that a library may multiply with: weights of bf16, of which there are some.
[[nodiscard]] std::vector<Alike> alike(std::span<const WeightUse> uses);

/// weight, mlp: packed by a CudaBackend
[[nodiscard]] ProductKey key_of(const PackedMatrix& weight, ProductKind kind, int rows);
/// kind: kGateUp or kDown
[[nodiscard]] ProductKey key_of(const PackedExperts& mlp, ProductKind kind, int rows);

}  // namespace unmask::kernels
