#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using RouteTopkTest = BackendTest;
UNMASK_ON_ALL_DEVICES(RouteTopkTest);

struct Choice {
  std::vector<std::int32_t> ids;
  std::vector<float> weights;
};

Choice run(Backend& backend, const Matrix& x, const Matrix& router, Routing routing,
           const std::vector<float>& bias = {}) {
  const Array<float> device_bias(backend, bias);
  if (!bias.empty()) routing.expert_bias = device_bias.data();
  const auto size = std::size_t(x.rows * routing.top_k);
  const Array<std::int32_t> ids(backend, size);
  const Array<float> weights(backend, size);
  const DeviceMatrix in(backend, x), device_router(backend, router);
  backend.run(RouteTopk{.x = in.view(),
                        .router = static_cast<const float*>(device_router.view().data),
                        .num_experts = router.rows,
                        .routing = routing,
                        .expert_ids = ids.data(),
                        .expert_weights = weights.data()});
  return {ids.read(), weights.read()};
}

/// Scores of one row.
std::vector<double> scores_of(const Matrix& x, int row, const Matrix& router, Routing::Score kind) {
  std::vector<double> scores;
  for (int e = 0; e < router.rows; ++e) {
    double logit = 0;
    for (int k = 0; k < x.cols; ++k) logit += double(x.at(row, k)) * double(router.at(e, k));
    scores.push_back(kind == Routing::Score::kSoftmax ? std::exp(logit)
                                                      : 1 / (1 + std::exp(-logit)));
  }
  if (kind == Routing::Score::kSoftmax) {
    const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
    for (double& score : scores) score /= sum;
  }
  return scores;
}

std::vector<int> sorted_by(const std::vector<double>& key) {
  std::vector<int> order(key.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order,
                           [&](int a, int b) { return key[std::size_t(a)] > key[std::size_t(b)]; });
  return order;
}

/// Experts by falling score plus bias, of the best groups only.
std::vector<int> ranking(std::vector<double> choice, const Routing& routing) {
  const std::size_t size = choice.size() / std::size_t(routing.num_groups);
  std::vector<double> groups;
  for (std::size_t g = 0; g < choice.size(); g += size) {
    std::vector<double> group(choice.begin() + std::ptrdiff_t(g),
                              choice.begin() + std::ptrdiff_t(g + size));
    std::ranges::sort(group, std::greater());
    groups.push_back(group[0] + (size > 1 ? group[1] : 0));
  }
  const std::vector<int> order = sorted_by(groups);
  for (int g = routing.top_groups; g < routing.num_groups; ++g) {
    const auto first = std::size_t(order[std::size_t(g)]) * size;
    std::fill_n(choice.begin() + std::ptrdiff_t(first), size, -1e30);
  }
  return sorted_by(choice);
}

void expect_reference(Backend& backend, const Routing& routing, const std::vector<float>& bias) {
  const Matrix x = random_matrix(13, 45, 1), router = random_matrix(16, 45, 2, 0.3f);
  const Choice choice = run(backend, x, router, routing, bias);
  for (int i = 0; i < x.rows; ++i) {
    const std::vector<double> scores = scores_of(x, i, router, routing.score);
    std::vector<double> biased = scores;
    for (std::size_t e = 0; e < bias.size(); ++e) biased[e] += bias[e];
    const std::vector<int> order = ranking(biased, routing);
    double sum = 0;
    for (int k = 0; k < routing.top_k; ++k) sum += scores[std::size_t(order[std::size_t(k)])];
    for (int k = 0; k < routing.top_k; ++k) {
      const auto at = std::size_t(i * routing.top_k + k);
      EXPECT_EQ(choice.ids[at], order[std::size_t(k)]);
      const double score = scores[std::size_t(order[std::size_t(k)])];
      EXPECT_NEAR(choice.weights[at], score * routing.scaling / (routing.renormalize ? sum : 1),
                  1e-5);
    }
  }
}

TEST_P(RouteTopkTest, AgreesWithTheReference) {
  std::vector<float> bias;
  for (int e = 0; e < 16; ++e) bias.push_back(0.05f * float(e % 5));
  for (const auto score : {Routing::Score::kSoftmax, Routing::Score::kSigmoid}) {
    for (const bool renormalize : {false, true}) {
      Routing routing{.top_k = 4, .score = score, .renormalize = renormalize, .scaling = 2.5f};
      expect_reference(*backend_, routing, {});
      expect_reference(*backend_, routing, bias);
      routing.num_groups = 4;
      routing.top_groups = 2;
      expect_reference(*backend_, routing, bias);
      routing.top_k = 8;
      expect_reference(*backend_, routing, {});
    }
  }
}

TEST_P(RouteTopkTest, TheLowestIdWinsATie) {
  const Matrix router(6, 8);  // all logits 0
  const Choice choice = run(*backend_, random_matrix(1, 8, 1), router, {.top_k = 3});
  EXPECT_EQ(choice.ids, (std::vector{0, 1, 2}));
}

TEST_P(RouteTopkTest, ARowChoosesAloneWhatItChoosesInABatch) {
  const Matrix x = random_matrix(70, 64, 1), router = random_matrix(24, 64, 2);
  const Routing routing{.top_k = 5};
  const Choice all = run(*backend_, x, router, routing);
  for (int i = 0; i < x.rows; ++i) {
    const Choice one = run(*backend_, x.row(i), router, routing);
    for (std::size_t k = 0; k < 5; ++k) {
      EXPECT_EQ(one.ids[k], all.ids[std::size_t(i) * 5 + k]);
      EXPECT_EQ(one.weights[k], all.weights[std::size_t(i) * 5 + k]);
    }
  }
}

TEST_P(RouteTopkTest, WhatIsNotANumberStillChoosesExistingExperts) {
  Matrix x = random_matrix(1, 8, 1);
  x.at(0, 3) = std::nanf("");
  const Routing routing{.top_k = 3, .num_groups = 3, .top_groups = 2};
  for (const std::int32_t id : run(*backend_, x, random_matrix(6, 8, 2), routing).ids) {
    EXPECT_TRUE(id >= 0 && id < 6);
  }
}

}  // namespace
}  // namespace unmask::kernels
