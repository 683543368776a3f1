#pragma once

#include <algorithm>
#include <cstdint>
#include <variant>

#include "model/diffusion/param.h"
#include "model/diffusion/strategies/strategy.h"

namespace unmask::diffusion {

/// Iteration smoothing: a hole is read as the embedding of the mask and, added to it, what the
/// forward before thought of it, with a weight that grows; the threshold starts at 1 and falls.
///
///   weight(t)    = min(cont_weight_init + cont_weight_growth * t, cont_weight)
///   threshold(t) = max(1 - threshold_decay * t, threshold of the strategy)
///
/// t counts the forwards of the sequence, from 0.
///
/// Source  dInfer, arXiv:2510.08666, and its IterSmoothDiffusionLLM, whose defaults these are
struct Smoothing {
  float cont_weight = 0.3f;
  float cont_weight_init = 0.15f;
  float cont_weight_growth = 0.02f;
  float threshold_decay = 0.02f;

  static void for_each_param(auto& params, auto visit) {
    visit(Param{"cont_weight", "of what a hole's forward before thought of it, at most", {0, 10}},
          params.cont_weight);
    visit(Param{"cont_weight_init", "that weight at the first forward", {0, 10}},
          params.cont_weight_init);
    visit(Param{"cont_weight_growth", "of that weight with every forward", {0, 10}},
          params.cont_weight_growth);
    visit(Param{"threshold_decay",
                "the strategy's threshold is at least 1 - threshold_decay * forwards",
                {0, 1}},
          params.threshold_decay);
  }

  bool operator==(const Smoothing&) const = default;
};

[[nodiscard]] inline float weight_at(const Smoothing& params, std::int32_t iteration) {
  const double weight =
      double(params.cont_weight_init) + double(params.cont_weight_growth) * iteration;
  return float(std::min(weight, double(params.cont_weight)));
}

/// Of a strategy with `threshold`.
[[nodiscard]] inline float threshold_at(const Smoothing& params, std::int32_t iteration,
                                        float threshold) {
  return float(std::max(1 - double(params.threshold_decay) * iteration, double(threshold)));
}

/// The strategy with the threshold of that iteration; as it is if it has none.
[[nodiscard]] inline Strategy strategy_at(const Smoothing& params, std::int32_t iteration,
                                          Strategy strategy) {
  std::visit(
      [&](auto& own) {
        if constexpr (requires { own.threshold; }) {
          own.threshold = threshold_at(params, iteration, own.threshold);
        }
      },
      strategy);
  return strategy;
}

}  // namespace unmask::diffusion
