#include "model/network/step_check.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/unit/model/network/steps.h"

namespace unmask::network {
namespace {

using testing::HasSubstr;

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
      {"temperature, which this worker does not support yet",
       [](auto& s) { s.rules.temperature = 0.5f; }},
      {"guidance", [](auto& s) { s.rules.cfg_scale = 1; }},
      {"guidance", [](auto& s) { s.guidance_inputs = {1}; }},
      {"soft rows", [](auto& s) { s.inputs[0] = kSoftRow; }},
      {"soft rows",
       [](auto& s) {
         s.window.mixed = {{4, 5}};
       }},
      {"soft rows", [](auto& s) { s.mix_weight = 0.5f; }},
      {"credits",
       [](auto& s) {
         s.listed.credits = {1, 1, 1};
       }},
      {"unknown statistics", [](auto& s) { s.statistics |= 64; }},
  };
  return list;
}

TEST(StepCheckTest, ASaneStepIsAccepted) {
  const Result<> checked = check_step(step_of({sane()}), kLimits);
  EXPECT_TRUE(checked) << checked.error().message;
}

TEST(StepCheckTest, EveryFaultIsNamed) {
  for (const Fault& fault : faults()) {
    SequenceStep sequence = sane();
    fault.make(sequence);
    const Result<> checked = check_step(step_of({sequence}), kLimits);
    ASSERT_FALSE(checked) << fault.message;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(checked.error().message, HasSubstr(fault.message));
    EXPECT_THAT(checked.error().message, HasSubstr("sequence 5"));
  }
}

TEST(StepCheckTest, ASequenceIsInAStepOnce) {
  const Tokens canvas(8, 1);
  const auto checked = check_step(
      step_of({full(1, canvas, {0, 1}), full(2, canvas, {0, 1}), full(1, canvas, {0, 1})}),
      kLimits);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("sequence 1 is in the step twice"));
}

TEST(StepCheckTest, RowsAreBounded) {
  const Tokens canvas(14, 1);
  Step step;
  for (SequenceId id = 0; id < 3; ++id) step.sequences.push_back(full(id, canvas, {0, 1}));
  const Result<> checked = check_step(step, kLimits);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("42 rows; there can be at most 40"));
}

TEST(StepCheckTest, ABurstIsRefused) {
  Step step = step_of({sane()});
  step.burst = 4;
  EXPECT_FALSE(check_step(step, kLimits));
}

}  // namespace
}  // namespace unmask::network
