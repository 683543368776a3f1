#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

constexpr int kManyRows = 800;

/// One row of logits for every position, drawn from by one set of rules.
struct Question {
  std::vector<float> logits;
  DrawRules draw{};
  std::vector<std::int32_t> never_chosen{};
  std::int32_t choosable_end = INT32_MAX;
  std::vector<int> part_sizes{};  ///< empty: one part
};

class DrawTokensTest : public BackendTest {
 protected:
  [[nodiscard]] std::vector<Drawn> draw(const Question& question,
                                        const std::vector<std::int32_t>& positions) const {
    const int num_rows = int(positions.size());
    std::vector<int> sizes = question.part_sizes;
    if (sizes.empty()) sizes = {int(question.logits.size())};
    const std::int64_t stride =
        std::int64_t{num_rows} * (*std::ranges::max_element(sizes)) + 3;  // behind it, nothing
    std::vector<float> logits(std::size_t(stride) * sizes.size(), 1e30f);
    DrawTokens op{.part_stride = stride, .num_parts = int(sizes.size()), .num_rows = num_rows};
    for (std::size_t part = 0; part < sizes.size(); ++part) {
      const std::int32_t begin = op.first_token[part];
      op.first_token[part + 1] = begin + sizes[part];
      for (int row = 0; row < num_rows; ++row) {
        std::copy_n(question.logits.begin() + begin, sizes[part],
                    logits.begin() + std::int64_t(part) * stride + std::int64_t{row} * sizes[part]);
      }
    }
    const Array<float> device_logits(*backend_, logits);
    const Array<std::int32_t> never(*backend_, question.never_chosen);
    const Array<LogitRules> rules(
        *backend_, std::vector<LogitRules>{{.never_chosen = never.data(),
                                            .num_never_chosen = int(question.never_chosen.size()),
                                            .choosable_end = question.choosable_end,
                                            .draw = question.draw}});
    const Array<std::int32_t> rules_of_row(*backend_, std::vector<std::int32_t>(positions.size()));
    const Array<std::int32_t> device_positions(*backend_, positions);
    const Array<Drawn> out(*backend_, positions.size());
    op.logits = device_logits.data();
    op.rules = rules.data();
    op.rules_of_row = rules_of_row.data();
    op.positions = device_positions.data();
    op.out = out.data();
    backend_->run(op);
    return out.read();
  }

  /// How often each token is drawn at positions 0 to `num_rows`.
  [[nodiscard]] std::map<std::int32_t, int> counts(const Question& question,
                                                   int num_rows = kManyRows) const {
    std::vector<std::int32_t> positions;
    for (int i = 0; i < num_rows; ++i) positions.push_back(i);
    std::map<std::int32_t, int> count;
    for (const Drawn& drawn : draw(question, positions)) ++count[drawn.token];
    return count;
  }

  [[nodiscard]] std::set<std::int32_t> drawn_of(Question question) const {
    std::set<std::int32_t> drawn;
    for (const auto& [token, count] : counts(question, 300)) drawn.insert(token);
    return drawn;
  }
};
UNMASK_ON_ALL_DEVICES(DrawTokensTest);

const std::vector<float> kLogits = {1.5f, -2.0f, 0.0f, 3.0f, 2.5f, -0.5f, 3.0f};

/// Pearson's statistic of counts against softmax(logits / temperature).
double chi_square(const std::map<std::int32_t, int>& counts, const std::vector<float>& logits,
                  double temperature) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit / temperature);
  double statistic = 0;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    const double expected = kManyRows * std::exp(logits[id] / temperature) / sum;
    const auto found = counts.find(std::int32_t(id));
    const double difference = (found == counts.end() ? 0 : found->second) - expected;
    statistic += difference * difference / expected;
  }
  return statistic;
}

TEST_P(DrawTokensTest, FrequenciesAreTheSoftmaxAtTheTemperature) {
  constexpr double kCritical = 22.46;  // 6 degrees of freedom, one of a thousand
  for (const float temperature : {0.8f, 2.0f}) {
    const Question question{.logits = kLogits, .draw = {.seed = 7, .temperature = temperature}};
    EXPECT_LT(chi_square(counts(question), kLogits, temperature), kCritical) << temperature;
    // The test sees a wrong temperature.
    EXPECT_GT(chi_square(counts(question), kLogits, temperature * 1.5), kCritical);
  }
}

TEST_P(DrawTokensTest, TheLogitIsTheModels) {
  const Question question{.logits = kLogits, .draw = {.temperature = 3}};
  for (const Drawn& drawn : draw(question, {0, 1, 2, 3, 4, 5, 6, 7})) {
    EXPECT_EQ(drawn.logit, kLogits.at(std::size_t(drawn.token)));
  }
}

TEST_P(DrawTokensTest, WithoutTemperatureNothingIsDrawn) {
  EXPECT_EQ(counts({.logits = kLogits}, 5), (std::map<std::int32_t, int>{{-1, 5}}));
}

TEST_P(DrawTokensTest, WhatMayNotBeChosenIsNotDrawn) {
  Question question{.logits = kLogits,
                    .draw = {.temperature = 50},
                    .never_chosen = {0, 3, 4},
                    .choosable_end = 6};
  EXPECT_EQ(drawn_of(question), (std::set<std::int32_t>{1, 2, 5}));
  question.choosable_end = 1;
  EXPECT_EQ(drawn_of(question), (std::set<std::int32_t>{-1}));
}

TEST_P(DrawTokensTest, TopKKeepsTheLargestAndWhatEqualsTheLastOfThem) {
  Question question{.logits = kLogits, .draw = {.temperature = 50, .top_k = 1}};
  EXPECT_EQ(drawn_of(question), (std::set<std::int32_t>{3, 6}));
  question.draw.top_k = 3;
  EXPECT_EQ(drawn_of(question), (std::set<std::int32_t>{3, 4, 6}));
  question.draw.top_k = 100;
  EXPECT_EQ(drawn_of(question), (std::set<std::int32_t>{0, 1, 2, 3, 4, 5, 6}));
  question.draw.top_k = 2;
  question.never_chosen = {3, 6};  // these are not counted
  EXPECT_EQ(drawn_of(question), (std::set<std::int32_t>{0, 4}));
}

TEST_P(DrawTokensTest, TopPKeepsTheFewestWithThatShare) {
  // At temperature 1: 0.323 for 3 and 6 each, 0.196 for 4, 0.072 for 0, 0.016 for 2.
  Question question{.logits = kLogits, .draw = {.temperature = 1, .top_p = 0}};
  const auto kept = [&](float top_p, float temperature = 1, int top_k = 0) {
    question.draw.top_p = top_p;
    question.draw.temperature = temperature;
    question.draw.top_k = top_k;
    return drawn_of(question);
  };
  EXPECT_EQ(kept(0.0f), (std::set<std::int32_t>{3, 6}));
  EXPECT_EQ(kept(0.7f), (std::set<std::int32_t>{3, 4, 6}));
  EXPECT_EQ(kept(0.95f), (std::set<std::int32_t>{0, 3, 4, 6}));
  // The share is one at the temperature: all are about equally likely.
  EXPECT_EQ(kept(0.7f, 100), (std::set<std::int32_t>{0, 2, 3, 4, 6}));
  // And one of what top_k keeps.
  EXPECT_EQ(kept(0.7f, 100, 3), (std::set<std::int32_t>{3, 4, 6}));
}

TEST_P(DrawTokensTest, NegativeAndManyLogitsAreKeptAsWell) {
  Question question{.logits = {}, .draw = {.temperature = 4, .top_k = 40, .top_p = 0.6f}};
  std::vector<std::pair<double, int>> ranked;
  for (int id = 0; id < 700; ++id) {
    question.logits.push_back(-20 + float((id * 37) % 700) * 0.01f);
    ranked.emplace_back(-question.logits.back(), id);
  }
  std::ranges::sort(ranked);
  ranked.resize(40);
  double total = 0, sum = 0;
  for (const auto& [worth, id] : ranked) total += std::exp(-worth / 4);
  std::set<std::int32_t> kept;
  for (const auto& [worth, id] : ranked) {
    if (sum >= 0.6 * total) break;
    sum += std::exp(-worth / 4);
    kept.insert(id);
  }
  for (const std::int32_t token : drawn_of(question)) EXPECT_TRUE(kept.contains(token)) << token;
  EXPECT_EQ(drawn_of(question).size(), kept.size());
}

TEST_P(DrawTokensTest, AnyNumberOfPartsDrawsTheSame) {
  Question question{.logits = kLogits, .draw = {.temperature = 2, .top_k = 5, .top_p = 0.9f}};
  const auto alone = counts(question, 100);
  for (const std::vector<int>& sizes :
       {std::vector{3, 4}, std::vector{1, 5, 1}, std::vector{7, 0}}) {
    question.part_sizes = sizes;
    EXPECT_EQ(counts(question, 100), alone);
  }
}

TEST_P(DrawTokensTest, ADrawIsAFunctionOfSeedBlockDecisionAndPosition) {
  const std::vector<std::int32_t> positions{3, 9, 4, 17, 8, 11, 2, 40, 41, 5};
  const Question question{.logits = std::vector<float>(50), .draw = {.temperature = 1}};
  const auto tokens = [&](const Question& of, const std::vector<std::int32_t>& at) {
    std::vector<std::int32_t> all;
    for (const Drawn& drawn : draw(of, at)) all.push_back(drawn.token);
    return all;
  };
  const std::vector<std::int32_t> together = tokens(question, positions);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    EXPECT_EQ(tokens(question, {positions[i]}), std::vector{together[i]});
  }
  for (const auto change :
       {+[](DrawRules& draw) { draw.seed += 1; }, +[](DrawRules& draw) { draw.seed += 1ULL << 40; },
        +[](DrawRules& draw) { draw.block += 1; }, +[](DrawRules& draw) { draw.decision += 1; }}) {
    Question other = question;
    change(other.draw);
    EXPECT_NE(tokens(other, positions), together);
  }
}

}  // namespace
}  // namespace unmask::kernels
