#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"

namespace unmask::kernels {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

/// The first index of the largest value that is not kNever; if there is none, the first index.
int argmax(const float* x, int n) {
  int best = 0;
  for (int i = 1; i < n; ++i) {
    if (x[i] > x[best] || std::isnan(x[best])) best = i;
  }
  return best;
}

/// Sum of the two largest of a group; of the largest if it has only one.
float group_score(const float* x, int n) {
  float first = kNever, second = kNever;
  for (int i = 0; i < n; ++i) {
    if (x[i] > first) {
      second = first;
      first = x[i];
    } else if (x[i] > second) {
      second = x[i];
    }
  }
  return n == 1 ? first : first + second;
}

/// Makes unchoosable what is not in the best groups. `group_scores`: scratch, [num_groups]
void keep_top_groups(const Routing& routing, int num_experts, float* choice, float* group_scores) {
  const int group_size = num_experts / routing.num_groups;
  for (int g = 0; g < routing.num_groups; ++g) {
    group_scores[g] = group_score(choice + g * group_size, group_size);
  }
  for (int kept = 0; kept < routing.top_groups; ++kept) {
    group_scores[argmax(group_scores, routing.num_groups)] =
        std::numeric_limits<float>::quiet_NaN();  // kept
  }
  for (int g = 0; g < routing.num_groups; ++g) {
    if (std::isnan(group_scores[g])) continue;
    std::fill_n(choice + g * group_size, group_size, kNever);
  }
}

/// Turns logits into scores.
void score(const Kernels& kernels, Routing::Score kind, int n, float* x) {
  if (kind == Routing::Score::kSigmoid) {
    for (int i = 0; i < n; ++i) x[i] = float(1.0 / (1.0 + std::exp(-double(x[i]))));
    return;
  }
  const float sum = kernels.softmax_numerators(x, n, kernels.max(x, n));
  for (int i = 0; i < n; ++i) x[i] /= sum;
}

/// choice: what the experts are chosen by; the chosen ones become kNever.
void choose(const Routing& routing, int num_experts, const float* scores, float* choice,
            std::int32_t* ids, float* weights) {
  float sum = 0;
  for (int k = 0; k < routing.top_k; ++k) {
    ids[k] = argmax(choice, num_experts);
    choice[ids[k]] = kNever;
    weights[k] = scores[ids[k]];
    sum += weights[k];
  }
  constexpr float kTiny = 1e-20f;  // as the reference models have it
  const float factor = routing.renormalize ? routing.scaling / (sum + kTiny) : routing.scaling;
  for (int k = 0; k < routing.top_k; ++k) weights[k] *= factor;
}

}  // namespace

void CpuBackend::compute(const RouteTopk& op) {
  const Routing& routing = op.routing;
  const int num_experts = op.num_experts;
  const float* const rows = floats(op.x);
  const std::int64_t cols = op.x.cols;
  pool_.run_ranges(
      op.x.rows, grain_of(cols * num_experts / kPanelCols), [&](int begin, int end, int thread) {
        float* const scores =
            thread_scratch_[std::size_t(thread)].take<float>(3 * std::size_t(num_experts));
        float* const choice = scores + num_experts;
        for (int i = begin; i < end; ++i) {
          for (int e = 0; e < num_experts; ++e) {
            scores[e] = kernels_.dot(rows + i * cols, op.router + e * cols, cols);
          }
          score(kernels_, routing.score, num_experts, scores);
          for (int e = 0; e < num_experts; ++e) {
            choice[e] =
                scores[e] + (routing.expert_bias != nullptr ? routing.expert_bias[e] : 0.0f);
          }
          if (routing.top_groups < routing.num_groups) {
            keep_top_groups(routing, num_experts, choice, choice + num_experts);
          }
          const std::int64_t first = std::int64_t{i} * routing.top_k;
          choose(routing, num_experts, scores, choice, op.expert_ids + first,
                 op.expert_weights + first);
        }
      });
}

}  // namespace unmask::kernels
