#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace unmask::kernels {

struct Routing {
  enum class Score : std::uint8_t { kSoftmax, kSigmoid };

  int top_k = 0;
  Score score = Score::kSoftmax;
  bool renormalize = false;
  float scaling = 1.0f;
  const float* expert_bias = nullptr;  ///< [num_experts], for the choice only; null = none
  int num_groups = 1;                  ///< grouped choice: keep `top_groups` of `num_groups`
  int top_groups = 1;
};

/// The top_k experts of each row and their weights, by falling score (with the bias, if there is
/// one), lowest id first on a tie.
///
/// Shapes  x [n, hidden]; router [num_experts, hidden]; expert_ids, expert_weights [n, top_k]
/// Dtypes  x f32 or bf16; router, expert_weights f32
struct RouteTopk {
  static constexpr int kMaxExperts = 1024;

  Tensor x;
  const float* router = nullptr;
  int num_experts = 0;  ///< 1 .. kMaxExperts
  Routing routing;
  std::int32_t* expert_ids = nullptr;
  float* expert_weights = nullptr;

  void check() const;
};

}  // namespace unmask::kernels
