#include "model/diffusion/credit.h"

#include <gmock/gmock.h>

#include <cmath>

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::IsEmpty;

constexpr Credit kCreditParams{.credit_alpha = 0.5f, .decay_beta = 0.5f, .boost_gamma = 1.0f};

/// One candidate at position 4, its log-sum-exp 0.
CandidateColumns best(std::int32_t token, float probability, std::vector<float> listed = {}) {
  CandidateColumns columns;
  columns.position = {4};
  columns.token = {token};
  columns.logit = {std::log(probability)};
  columns.log_sum_exp = {0};
  columns.listed_logit = std::move(listed);
  return columns;
}

TEST(CreditTest, TheBestGainsByItsProbability) {
  CreditLedger ledger({4, 6});
  const CandidateColumns fused = ledger.fuse(kCreditParams, best(7, 0.5f), {true});
  const double weight = std::sqrt(1.5);  // (1 + credit) ^ alpha
  EXPECT_THAT(fused.token, ElementsAre(7));
  EXPECT_THAT(fused.raw_token, ElementsAre(7));
  EXPECT_THAT(fused.logit, ElementsAre(FloatNear(float(std::log(0.5 * weight)), 1e-6f)));
  EXPECT_THAT(fused.log_sum_exp,
              ElementsAre(FloatNear(float(std::log(0.5 + 0.5 * weight)), 1e-6f)));
}

TEST(CreditTest, WhatWasTheBestBeforeIsListedAndMayBeItAgain) {
  CreditLedger ledger({4, 6});
  EXPECT_THAT(ledger.listed({{4, 6}}).tokens, IsEmpty());
  ledger.fuse(kCreditParams, best(7, 0.9f), {true});
  const ListedTokens listed = ledger.listed({{4, 6}});
  EXPECT_THAT(listed.offsets, ElementsAre(0, 1, 1));
  EXPECT_THAT(listed.tokens, ElementsAre(7));
  // 8 is ahead by little, 7 has credit 0.45 left and wins.
  const CandidateColumns fused =
      ledger.fuse({.credit_alpha = 5, .decay_beta = 0.5f, .boost_gamma = 2},
                  best(8, 0.36f, {std::log(0.35f)}), {true});
  EXPECT_THAT(fused.token, ElementsAre(7));
  EXPECT_THAT(fused.raw_token, ElementsAre(8));
  EXPECT_THAT(ledger.listed({{4, 5}}).tokens, ElementsAre(7, 8));
}

/// Of three tokens, two of which have credit: against the sum over all three.
TEST(CreditTest, TheEntropyIsThatOfTheFusedDistribution) {
  const auto entropy_of = [](std::vector<double> weights) {
    double sum = 0, entropy = 0;
    for (const double weight : weights) sum += weight;
    for (const double weight : weights) entropy -= weight / sum * std::log(weight / sum);
    return entropy;
  };
  const Credit params{.credit_alpha = 2, .decay_beta = 0.5f, .boost_gamma = 1};
  CreditLedger ledger({4, 6});
  EXPECT_THAT(ledger.fuse(params, best(7, 0.8f), {true}).entropy, IsEmpty()) << "not asked for";
  CandidateColumns columns = best(8, 0.5f, {std::log(0.375f)});
  columns.entropy = {float(entropy_of({0.5, 0.375, 0.125}))};
  const CandidateColumns fused = ledger.fuse(params, columns, {true});
  // Credits: 0.8 halved for 7, 0.5 for 8.
  const double expected = entropy_of({0.5 * 1.5 * 1.5, 0.375 * 1.4 * 1.4, 0.125});
  EXPECT_THAT(fused.entropy, ElementsAre(FloatNear(float(expected), 1e-6f)));
}

TEST(CreditTest, WhatIsDecidedOnlyLosesCredit) {
  CreditLedger ledger({4, 6});
  ledger.fuse(kCreditParams, best(7, 0.8f), {true});
  const CandidateColumns second =
      ledger.fuse(kCreditParams, best(7, 0.8f, {std::log(0.8f)}), {false});
  EXPECT_THAT(second.logit, ElementsAre(FloatNear(float(std::log(0.8 * std::sqrt(1.4))), 1e-6f)));
}

TEST(CreditTest, WithoutWeightNothingChanges) {
  CreditLedger ledger({4, 6});
  const CandidateColumns fused = ledger.fuse({.credit_alpha = 0}, best(7, 0.3f), {true});
  EXPECT_EQ(fused.logit, best(7, 0.3f).logit);
  EXPECT_EQ(fused.log_sum_exp, best(7, 0.3f).log_sum_exp);
}

}  // namespace
}  // namespace unmask::diffusion
