#include "model/network/step_check.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/unit/model/network/steps.h"

namespace unmask::network {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr StepLimits kLimits{.vocab_size = 100, .max_positions = 64, .max_rows = 40};

/// Sane, with every optional part that is supported.
SequenceStep sane() {
  const Tokens canvas(32, 7);
  SequenceStep sequence = windowed(5, canvas,
                                   {.computed = {{4, 12}, {12, 20}, {24, 28}},
                                    .visible = {{0, 32}},
                                    .written = {{4, 6}, {26, 28}},
                                    .decoded = {{10, 14}},
                                    .mixed = {}});
  sequence.statistics = kEntropy | kRunnerUp | kPresentLogit;
  sequence.present = {-1, 0, 99, -1};
  sequence.listed = {.offsets = {0, 1, 1, 3, 3}, .tokens = {5, 99, 0}, .credits = {}};
  sequence.rules.never_chosen = {1, 99};
  sequence.rules.not_in_confidence = {0, 2, 3};
  return sequence;
}

struct Fault {
  std::string message;
  std::function<void(SequenceStep&)> make;
};

const std::vector<Fault>& faults() {
  static const std::vector<Fault> list = {
      {"there can be 1 to 64", [](auto& s) { s.num_positions = 0; }},
      {"there can be 1 to 64", [](auto& s) { s.num_positions = 65; }},
      {"there can be 1 to 64", [](auto& s) { s.num_positions = INT32_MIN; }},
      {"outside its 27 positions", [](auto& s) { s.num_positions = 27; }},
      {"computes nothing", [](auto& s) { s.window = {}; }},
      {"computed range [-1, 12)", [](auto& s) { s.window.computed[0].begin = -1; }},
      {"computed range [12, 12)", [](auto& s) { s.window.computed[0].begin = 12; }},
      {"computed range [11, 20)", [](auto& s) { s.window.computed[1].begin = 11; }},
      {"computed range",
       [](auto& s) {
         s.window.computed[2] = {INT32_MAX, INT32_MIN};
       }},
      {"visible range [0, 33)", [](auto& s) { s.window.visible[0].end = 33; }},
      {"written positions that are not computed", [](auto& s) { s.window.written[0].begin = 3; }},
      {"decoded positions that are not computed", [](auto& s) { s.window.decoded[0].end = 21; }},
      {"decoded positions that are not computed",
       [](auto& s) {
         s.window.decoded = {{20, 24}};
       }},
      {"negative causal", [](auto& s) { s.window.causal_block_length = -4; }},
      {"19 inputs for 20 rows", [](auto& s) { s.inputs.pop_back(); }},
      {"21 inputs for 20 rows", [](auto& s) { s.inputs.push_back(1); }},
      {"input token 100", [](auto& s) { s.inputs[3] = 100; }},
      {"input token -2", [](auto& s) { s.inputs[3] = -2; }},
      {"never chosen token 100", [](auto& s) { s.rules.never_chosen = {100}; }},
      {"not ascending",
       [](auto& s) {
         s.rules.never_chosen = {4, 4};
       }},
      {"left out of confidence -1", [](auto& s) { s.rules.not_in_confidence = {-1}; }},
      {"not ascending",
       [](auto& s) {
         s.rules.not_in_confidence = {4, 3};
       }},
      {"may choose no token", [](auto& s) { s.rules.choosable_end = 0; }},
      {"3 present tokens for 4 rows", [](auto& s) { s.present.pop_back(); }},
      {"4 present tokens for 0 rows", [](auto& s) { s.statistics = 0; }},
      {"present token 100", [](auto& s) { s.present[0] = 100; }},
      {"without offsets", [](auto& s) { s.listed.offsets.clear(); }},
      {"offsets that do not fit", [](auto& s) { s.listed.offsets.pop_back(); }},
      {"offsets that do not fit",
       [](auto& s) {
         s.listed.offsets = {0, 3, 1, 3, 3};
       }},
      {"offsets that do not fit",
       [](auto& s) {
         s.listed.offsets = {-5, 1, 1, 3, 3};
       }},
      {"offsets that do not fit", [](auto& s) { s.listed.tokens.push_back(1); }},
      {"listed token -1", [](auto& s) { s.listed.tokens[1] = -1; }},
      {"temperature", [](auto& s) { s.rules.temperature = -0.5f; }},
      {"temperature", [](auto& s) { s.rules.temperature = NAN; }},
      {"negative number of tokens", [](auto& s) { s.rules.top_k = -1; }},
      {"top_p", [](auto& s) { s.rules.top_p = 1.5f; }},
      {"top_p", [](auto& s) { s.rules.top_p = NAN; }},
      {"0 guidance inputs", [](auto& s) { s.rules.cfg_scale = 1; }},
      {"1 guidance inputs", [](auto& s) { s.guidance_inputs = {1}; }},
      {"guidance scale", [](auto& s) { s.rules.cfg_scale = -1; }},
      {"guidance scale", [](auto& s) { s.rules.cfg_scale = NAN; }},
      {"neither a cache nor soft rows",
       [](auto& s) {
         s.rules.cfg_scale = 1;
         s.guidance_inputs = s.inputs;
       }},
      {"guidance input 100",
       [](auto& s) {
         s.window.visible = s.window.written = {};
         s.rules.cfg_scale = 1;
         s.guidance_inputs.assign(s.inputs.size(), 100);
       }},
      {"mixed positions that are not computed",
       [](auto& s) {
         s.window.mixed = {{0, 1}};
       }},
      {"mask token -1",
       [](auto& s) {
         s.window.mixed = {{4, 5}};
       }},
      {"negative",
       [](auto& s) {
         s.window.mixed = {{4, 5}};
         s.mask_token = 3;
         s.mix_weight = -0.5f;
       }},
      {"no number",
       [](auto& s) {
         s.window.mixed = {{4, 5}};
         s.mask_token = 3;
         s.mix_weight = NAN;
       }},
      {"credits",
       [](auto& s) {
         s.listed.credits = {1, 1, 1};
       }},
      {"unknown statistics", [](auto& s) { s.statistics |= 64; }},
  };
  return list;
}

/// What is said about the last sequence of `step`; those before it are fine.
std::string refusal_of_last(const Step& step) {
  const Refusals refusals = check_step(step, kLimits);
  EXPECT_EQ(refusals.size(), step.sequences.size());
  for (std::size_t i = 0; i + 1 < refusals.size(); ++i) EXPECT_FALSE(refusals[i]);
  if (!refusals.back()) return "";
  EXPECT_EQ(refusals.back()->code, ErrorCode::kInvalidArgument);
  return refusals.back()->message;
}

TEST(StepCheckTest, ASaneStepIsAccepted) { EXPECT_EQ(refusal_of_last(step_of({sane()})), ""); }

TEST(StepCheckTest, EveryFaultIsNamed) {
  for (const Fault& fault : faults()) {
    SequenceStep sequence = sane();
    fault.make(sequence);
    EXPECT_THAT(refusal_of_last(step_of({sequence})),
                AllOf(HasSubstr(fault.message), HasSubstr("sequence 5")));
  }
}

TEST(StepCheckTest, ASequenceIsInAStepOnce) {
  const Tokens canvas(8, 1);
  EXPECT_THAT(refusal_of_last(step_of(
                  {full(1, canvas, {0, 1}), full(2, canvas, {0, 1}), full(1, canvas, {0, 1})})),
              HasSubstr("sequence 1 is in the step twice"));
}

TEST(StepCheckTest, RowsAreBounded) {
  const Tokens canvas(14, 1);
  Step step;
  for (SequenceId id = 0; id < 3; ++id) step.sequences.push_back(full(id, canvas, {0, 1}));
  EXPECT_THAT(refusal_of_last(step), HasSubstr("42 rows of the step; there can be at most 40"));
}

TEST(StepCheckTest, OneFaultIsNoOthers) {
  const Tokens canvas(8, 1);
  SequenceStep wrong = full(2, canvas, {0, 1});
  wrong.rules.never_chosen = {-1};
  const Step step = step_of({full(1, canvas, {0, 1}), wrong, full(3, canvas, {0, 1})}, {7});
  const Refusals refusals = check_step(step, kLimits);
  EXPECT_FALSE(refusals[0]);
  EXPECT_TRUE(refusals[1]);
  EXPECT_FALSE(refusals[2]);

  const Step rest = without_refused(step, refusals);
  ASSERT_THAT(rest.sequences, SizeIs(2));
  EXPECT_EQ(rest.sequences[1].sequence, 3u);
  EXPECT_THAT(rest.closed, ElementsAre(7u));
  const std::vector<SequenceResult> all = with_refused(
      step, {{1, 4, {{5}, {}, {}, {}, {}, {}, {}, {}, {}, {}}, {}}, {3, 6, {}, {}}}, refusals);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_THAT(all[0].candidates.position, ElementsAre(5));
  EXPECT_EQ(all[1].sequence, 2u);
  EXPECT_TRUE(all[1].refusal);
  EXPECT_EQ(all[2].iteration, 6);
  EXPECT_FALSE(all[2].refusal);
}

}  // namespace
}  // namespace unmask::network
