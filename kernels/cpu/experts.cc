#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/numeric.h"
#include "kernels/cpu/weights.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

void scores(const Routing& routing, std::vector<float>& logits) {
  if (routing.score == Routing::Score::kSigmoid) {
    for (float& logit : logits) logit = 1.0f / (1.0f + std::exp(-logit));
    return;
  }
  const float max = *std::ranges::max_element(logits);
  float sum = 0;
  for (float& logit : logits) sum += logit = std::exp(logit - max);
  for (float& logit : logits) logit /= sum;
}

/// What the choice goes by: the score, its bias, and -inf outside the best groups.
std::vector<float> preferences(const Routing& routing, const std::vector<float>& score) {
  std::vector<float> preference = score;
  if (routing.expert_bias != nullptr) {
    for (std::size_t e = 0; e < score.size(); ++e) preference[e] += routing.expert_bias[e];
  }
  if (routing.num_groups <= 1) return preference;
  const std::size_t size = score.size() / std::size_t(routing.num_groups);
  std::vector<std::pair<float, std::size_t>> groups;  // sum of the two best, group
  for (std::size_t g = 0; g < std::size_t(routing.num_groups); ++g) {
    std::vector<float> members(preference.begin() + std::ptrdiff_t(g * size),
                               preference.begin() + std::ptrdiff_t((g + 1) * size));
    std::ranges::partial_sort(members,
                              members.begin() + std::min<std::ptrdiff_t>(2, std::ssize(members)),
                              std::greater());
    groups.emplace_back(members[0] + (members.size() > 1 ? members[1] : 0.0f), g);
  }
  std::ranges::stable_sort(groups, std::greater(), &std::pair<float, std::size_t>::first);
  for (std::size_t i = std::size_t(routing.top_groups); i < groups.size(); ++i) {
    const std::size_t first = groups[i].second * size;
    std::fill_n(preference.begin() + std::ptrdiff_t(first), size, -INFINITY);
  }
  return preference;
}

}  // namespace

void CpuBackend::route_topk(Tensor x, const float* router, int num_experts, const Routing& routing,
                            std::int32_t* expert_ids, float* expert_weights) {
  UNMASK_CHECK(routing.top_k <= num_experts);
  std::vector<float> score(static_cast<std::size_t>(num_experts));
  std::vector<std::int32_t> order(score.size());
  for (int i = 0; i < x.rows; ++i) {
    const float* row = static_cast<const float*>(x.data) + std::int64_t(i) * x.cols;
    for (int e = 0; e < num_experts; ++e) {
      score[std::size_t(e)] = dot(row, router + std::int64_t(e) * x.cols, x.cols);
    }
    scores(routing, score);
    const std::vector<float> preference = preferences(routing, score);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater(),
                             [&](std::int32_t e) { return preference[std::size_t(e)]; });
    float sum = 0;
    for (int k = 0; k < routing.top_k; ++k) sum += score[std::size_t(order[std::size_t(k)])];
    for (int k = 0; k < routing.top_k; ++k) {
      const std::int32_t expert = order[std::size_t(k)];
      float weight = score[std::size_t(expert)];
      if (routing.renormalize) weight /= sum + 1e-20f;
      expert_ids[i * routing.top_k + k] = expert;
      expert_weights[i * routing.top_k + k] = weight * routing.scaling;
    }
  }
}

void CpuBackend::experts(Tensor x, const PackedExperts& packed, int first_expert, int top_k,
                         const std::int32_t* expert_ids, const float* expert_weights, Tensor out) {
  const auto& held = static_cast<const CpuExperts&>(packed);
  const ShareOffsets& shares = held.shares();
  const auto cols = std::size_t(out.cols);
  std::vector<float> parts(std::size_t(shares.count) * cols);
  std::vector<float> inner;
  for (int i = 0; i < x.rows; ++i) {
    const float* row = static_cast<const float*>(x.data) + std::size_t(i) * std::size_t(x.cols);
    std::ranges::fill(parts, 0.0f);
    for (int k = 0; k < top_k; ++k) {
      const std::int64_t local = expert_ids[i * top_k + k] - first_expert;
      if (local < 0 || local >= shares.num_items()) continue;
      std::size_t share = 0;
      while (local >= shares.offset[share + 1]) ++share;
      const CpuExpert& expert = held.experts()[std::size_t(local)];
      inner.resize(std::size_t(expert.gate.rows()));
      for (int j = 0; j < expert.gate.rows(); ++j) {
        const float gate = dot(row, expert.gate.row(j), x.cols);
        const float up = dot(row, expert.up.row(j), x.cols);
        inner[std::size_t(j)] = gate / (1.0f + std::exp(-gate)) * up;
      }
      const float weight = expert_weights[i * top_k + k];
      for (std::size_t j = 0; j < cols; ++j) {
        parts[share * cols + j] +=
            weight * dot(inner.data(), expert.down.row(int(j)), std::int64_t(inner.size()));
      }
    }
    float* to = static_cast<float*>(out.data) + std::size_t(i) * cols;
    for (std::size_t j = 0; j < cols; ++j) {
      float values[kNumShares];
      for (int s = 0; s < shares.count; ++s) values[s] = parts[std::size_t(s) * cols + j];
      to[j] = tree_sum(values, shares.count);
    }
  }
}

}  // namespace unmask::kernels
