#include "model/diffusion/hole_rules.h"

#include <gmock/gmock.h>

#include <numeric>

#include "model/diffusion/hole_rule_limits.h"
#include "tests/unit/model/diffusion/played_loop.h"

namespace unmask::diffusion {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int32_t kRulesEos = 98;

const std::vector<std::int32_t> kTokens{1, 0, 0, 0, 5, 0};
const Ranges kHoles{{1, 4}, {5, 6}};
// Two texts of three tokens, one of which ends early.
const ChoiceRule kRule{{1, 4}, {20, 21, 22, 30, 31, kEndOfRun}};

Result<DiffusionLoop> create(const HoleRules& rules, const DiffusionParams& params = {}) {
  return DiffusionLoop::create(params, kVocabulary, *Canvas::with_holes(kTokens, kHoles, 99),
                               rules);
}

std::string rules_refusal(const HoleRules& rules, const DiffusionParams& params = {}) {
  const auto loop = create(rules, params);
  if (loop) return "was taken";
  EXPECT_EQ(loop.error().code, ErrorCode::kInvalidArgument);
  return loop.error().message;
}

/// Of listed tokens the `favorite` has the best logit, if it is listed.
CandidateColumns favoring(const SequenceStep& step, std::int32_t favorite, float confidence) {
  CandidateColumns columns = answer(step, [&](std::int32_t position, std::int32_t) {
    return Guess{40 + position, confidence};
  });
  for (std::size_t i = 0; i < step.listed.tokens.size(); ++i) {
    columns.listed_logit[i] = step.listed.tokens[i] == favorite ? 3.0f : -3.0f;
  }
  return columns;
}

TEST(HoleRulesTest, TheTokensOfTheChoicesAreListedWhereTheyMayStand) {
  const auto loop = *create({{7}, {kRule}});
  const SequenceStep step = *loop.next();
  EXPECT_THAT(step.rules.never_chosen, ElementsAre(7, 99));
  EXPECT_THAT(step.window.decoded, ElementsAre(Range{1, 4}, Range{5, 6}));
  EXPECT_THAT(step.listed.offsets, ElementsAre(0, 2, 4, 6, 6));
  EXPECT_THAT(step.listed.tokens, ElementsAre(20, 30, 21, 31, 22, kRulesEos));
}

TEST(HoleRulesTest, AChoiceIsMadeAsAWhole) {
  auto loop = *create({{}, {kRule}}, {.strategy = Threshold{0.5f}});
  // One token of the second text outweighs the rest.
  ASSERT_TRUE(loop.apply(favoring(*loop.next(), 31, 0.9f)));
  EXPECT_THAT(loop.canvas().tokens(), ElementsAre(1, 30, 31, kRulesEos, 5, 45));
}

TEST(HoleRulesTest, WhatIsDecidedNarrowsTheChoice) {
  auto loop = *create({{}, {kRule}}, {.strategy = FixedSteps{.steps_per_block = 4}});
  ASSERT_TRUE(loop.apply(favoring(*loop.next(), 22, 0.1f)));
  EXPECT_THAT(loop.canvas().tokens(), ElementsAre(1, testing::_, testing::_, testing::_, 5, 99));
  const SequenceStep step = *loop.next();
  for (const std::int32_t token : step.listed.tokens) EXPECT_THAT(token, AnyOf(20, 21, 22));
  while (!loop.has_ended()) ASSERT_TRUE(loop.apply(favoring(*loop.next(), 31, 0.1f)));
  EXPECT_THAT(loop.canvas().tokens(), ElementsAre(1, 20, 21, 22, 5, 45));
}

TEST(HoleRulesTest, HowSureAChoiceIsCountsAmongTheChoices) {
  auto loop = *create({{}, {kRule}}, {.strategy = Threshold{0.9f}});
  const Result<Applied> applied = loop.apply(favoring(*loop.next(), 20, 0.2f));
  ASSERT_TRUE(applied);
  ASSERT_TRUE(applied->adjusted);
  EXPECT_THAT(applied->edits, testing::Contains(Edit{1, 20}));
  EXPECT_EQ(loop.canvas().num_holes({5, 6}), 1) << "of other holes the model's word counts";
}

TEST(HoleRulesTest, ATokenThatIsRuledOutIsTheWorkersFault) {
  auto loop = *create({{45}, {kRule}});
  const auto applied = loop.apply(favoring(*loop.next(), 20, 0.9f));
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().message, HasSubstr("chose token 45"));
}

TEST(HoleRulesTest, ARuleIsKeptAcrossBlocks) {
  auto loop = *create({{}, {kRule}}, {.block_length = 2});
  ASSERT_TRUE(loop.apply(favoring(*loop.next(), 30, 0.9f)));
  loop = DiffusionLoop::resume(loop.params(), kVocabulary, loop.state());
  while (!loop.has_ended()) ASSERT_TRUE(loop.apply(favoring(*loop.next(), 22, 0.9f)));
  EXPECT_THAT(loop.canvas().tokens(), ElementsAre(1, 30, 31, kRulesEos, 5, 45));
}

TEST(HoleRulesTest, RulesThatCannotBeKeptAreRefused) {
  EXPECT_EQ(rules_refusal({{}, {kRule}}), "was taken");
  EXPECT_THAT(rules_refusal({{3, 3}, {}}), HasSubstr("ascending"));
  EXPECT_THAT(rules_refusal({{-1}, {}}), HasSubstr("ascending"));
  EXPECT_THAT(rules_refusal({{}, {{{0, 2}, {1, 2}}}}), HasSubstr("not for holes"));
  EXPECT_THAT(rules_refusal({{}, {{{5, 7}, {1, 2}}}}), HasSubstr("not for holes"));
  EXPECT_THAT(rules_refusal({{}, {{{2, 2}, {1}}}}), HasSubstr("not for holes"));
  EXPECT_THAT(rules_refusal({{}, {{{-3, 2}, {1}}}}), HasSubstr("not for holes"));
  EXPECT_THAT(rules_refusal({{}, {kRule, kRule}}), HasSubstr("ascending"));
  EXPECT_THAT(rules_refusal({{}, {{{1, 3}, {1, 2, 3}}}}), HasSubstr("as many tokens"));
  EXPECT_THAT(rules_refusal({{}, {{{1, 3}, {}}}}), HasSubstr("as many tokens"));
  EXPECT_THAT(rules_refusal({{}, {{{1, 2}, std::vector<std::int32_t>(kMaxChoices + 1, 5)}}}),
              HasSubstr("129 choices for position 1"));
  std::vector<std::int32_t> many(kMaxNeverChosen + 1);
  std::iota(many.begin(), many.end(), 0);
  EXPECT_THAT(rules_refusal({many, {}}), HasSubstr("16385 tokens are never"));
  EXPECT_THAT(rules_refusal({{}, {kRule}}, {.credit = Credit{}}), HasSubstr("credit"));
  EXPECT_THAT(rules_refusal({{}, {kRule}}, {.strategy = JointThreshold{}}), HasSubstr("joint"));
  Vocabulary no_eos = kVocabulary;
  no_eos.eos_id = -1;
  EXPECT_FALSE(
      DiffusionLoop::create({}, no_eos, *Canvas::with_holes(kTokens, kHoles, 99), {{}, {kRule}}));
}

}  // namespace
}  // namespace unmask::diffusion
