#include "kernels/cuda/alike.h"

#include <map>
#include <utility>

#include "kernels/cuda/cuda_experts.h"
#include "kernels/cuda/cuda_matrix.h"

namespace unmask::kernels {

ProductKey key_of(const PackedMatrix& weight, ProductKind kind, int rows) {
  const MatrixView& view = view_of(weight);
  return {.kind = kind, .features = view.rows, .depth = view.stride(), .rows = rows};
}

ProductKey key_of(const PackedExperts& mlp, ProductKind kind, int rows) {
  const ExpertsView& view = view_of(mlp);
  const ExpertShape& shape = view.shape;
  if (kind == ProductKind::kGateUp) {
    return {.kind = kind,
            .features = view.num_experts * int(shape.gate_up_rows()),
            .depth = int(shape.gate_up_cols()),
            .rows = rows};
  }
  return {.kind = kind,
          .features = shape.hidden,
          .depth = view.num_experts * int(shape.down_cols()),
          .rows = rows};
}

std::vector<ProductKey> Alike::keys(int rows) const {
  if (kind != ProductKind::kGateUp) return {key_of(*matrices.front(), kind, rows)};
  return {key_of(*mlps.front(), ProductKind::kGateUp, rows),
          key_of(*mlps.front(), ProductKind::kDown, rows)};
}

std::vector<Alike> alike(std::span<const WeightUse> uses) {
  std::map<ProductKey, Alike> by_key;
  for (const WeightUse& use : uses) {
    // f32 stays with own kernels: who asks for it wants its 24 bits, which TF32 would drop.
    if (use.mlp != nullptr) {
      const ExpertsView& view = view_of(*use.mlp);
      if (view.layout != ExpertLayout::kRows || view.num_experts == 0) continue;
      Alike& group = by_key[key_of(*use.mlp, ProductKind::kGateUp, 0)];
      group.kind = ProductKind::kGateUp;
      group.mlps.push_back(use.mlp);
      continue;
    }
    if (view_of(*use.matrix).dtype != DType::kBF16 || use.matrix->rows() == 0) continue;
    const ProductKind kind = use.is_head ? ProductKind::kHead : ProductKind::kLinear;
    Alike& group = by_key[key_of(*use.matrix, kind, 0)];
    group.kind = kind;
    group.matrices.push_back(use.matrix);
  }
  std::vector<Alike> groups;
  for (auto& [key, group] : by_key) groups.push_back(std::move(group));
  return groups;
}

}  // namespace unmask::kernels
