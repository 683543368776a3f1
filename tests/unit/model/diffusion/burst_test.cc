#include "model/diffusion/burst.h"

#include <gmock/gmock.h>

#include "model/diffusion/loop_bytes.h"
#include "tests/unit/model/diffusion/played_loop.h"

namespace unmask::diffusion {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

/// One hole after the other.
Guess in_order(std::int32_t position, std::int32_t /*iteration*/) {
  return {position, 0.8f - 0.01f * float(position)};
}

SequenceStep part_of(const DiffusionLoop& loop, SequenceId sequence) {
  SequenceStep step = *loop.next();
  step.sequence = sequence;
  step.loop = bytes_of(loop);
  return step;
}

Step step_of(std::vector<SequenceStep> sequences, std::int32_t burst) {
  return {.epoch = 3, .seq = 7, .sequences = std::move(sequences), .closed = {}, .burst = burst};
}

StepResult result_of(const Step& step) {
  StepResult result{.epoch = step.epoch, .seq = step.seq, .sequences = {}, .digest = 5};
  for (const SequenceStep& sequence : step.sequences) {
    result.sequences.push_back(
        {sequence.sequence, sequence.iteration, answer(sequence, in_order), {}});
  }
  return result;
}

TEST(BurstTest, AsksForWhatTheLoopWouldAskForUntilTheBlockEnds) {
  for (const CachePolicy& cache : {CachePolicy(NoCache{}), CachePolicy(DualCache{})}) {
    DiffusionLoop loop = loop_of({.block_length = 5, .cache = cache}, {1, 2}, 10);
    Step step = step_of({part_of(loop, 4)}, 20);
    Burst burst = *Burst::of(step);
    for (int i = 0; i < 5; ++i) {
      const StepResult result = result_of(step);
      ASSERT_TRUE(loop.apply(result.sequences[0].candidates));
      std::optional<Step> next = burst.next(result);
      ASSERT_EQ(next.has_value(), i < 4) << "the block has five holes";
      if (!next) break;
      EXPECT_EQ(next->epoch, 3u);
      EXPECT_EQ(next->seq, step.seq + 1);
      ASSERT_THAT(next->sequences, SizeIs(1));
      EXPECT_EQ(next->sequences[0].sequence, 4u);
      EXPECT_EQ(digest_of(next->sequences[0]), digest_of(*loop.next()));
      step = std::move(*next);
    }
  }
}

TEST(BurstTest, EndsAfterSoManyForwards) {
  const DiffusionLoop loop = loop_of({.block_length = 8}, {1, 2}, 8);
  Step step = step_of({part_of(loop, 4)}, 3);
  Burst burst = *Burst::of(step);
  step = *burst.next(result_of(step));
  step = *burst.next(result_of(step));
  EXPECT_EQ(burst.next(result_of(step)), std::nullopt);
}

TEST(BurstTest, EndsWithTheFirstSequenceThatCannotGoOn) {
  const DiffusionLoop longer = loop_of({.block_length = 8}, {1, 2}, 8);
  const DiffusionLoop shorter = loop_of({.block_length = 2}, {1, 2}, 8);
  Step step = step_of({part_of(longer, 4), part_of(shorter, 5)}, 20);
  Burst burst = *Burst::of(step);
  step = *burst.next(result_of(step));
  EXPECT_EQ(burst.next(result_of(step)), std::nullopt);
}

TEST(BurstTest, EndsWhereASequenceIsRefusedOrItsLogitsAreNoNumbers) {
  const DiffusionLoop loop = loop_of({.block_length = 8}, {1, 2}, 8);
  const Step step = step_of({part_of(loop, 4)}, 20);
  StepResult refused = result_of(step), broken = refused;
  refused.sequences[0].refusal = Error{ErrorCode::kInternal, "no"};
  broken.sequences[0].candidates.logit[3] = NAN;
  EXPECT_EQ(Burst::of(step)->next(refused), std::nullopt);
  EXPECT_EQ(Burst::of(step)->next(broken), std::nullopt);
}

TEST(BurstTest, AResultSaysWhatWasAskedForAndWhetherItGoesOn) {
  const DiffusionLoop loop = loop_of({.block_length = 8}, {1, 2}, 8);
  const Step first = step_of({part_of(loop, 4)}, 20);
  Burst burst = *Burst::of(first);
  StepResult result = result_of(first);
  const Step second = *burst.next(result);
  burst.sign(result, true);
  EXPECT_EQ(result.sequences[0].asked, 0u) << "the coordinator asked for it";
  EXPECT_TRUE(result.goes_on);
  StepResult last = result_of(second);
  (void)burst.next(last);
  burst.sign(last, false);
  EXPECT_EQ(last.sequences[0].asked, digest_of(second.sequences[0]));
  EXPECT_FALSE(last.goes_on);
  EXPECT_NE(last.digest, result_of(second).digest) << "ranks compare it, too";
}

TEST(BurstTest, ALoopThatWouldAskForSomethingElseIsRefused) {
  const DiffusionLoop loop = loop_of({.block_length = 8}, {1, 2}, 8);
  Step step = step_of({part_of(loop, 4)}, 20);
  step.sequences[0].inputs[0] = 3;
  EXPECT_THAT(Burst::of(step).error().message, HasSubstr("sequence 4"));
  step.sequences[0].loop.clear();
  EXPECT_FALSE(Burst::of(step));
}

TEST(BurstTest, WhateverIsAskedForChangesTheDigest) {
  const SequenceStep step = *loop_of({.block_length = 8}, {1, 2}, 8).next();
  using Change = void (*)(SequenceStep&);
  for (const Change change : std::initializer_list<Change>{
           [](SequenceStep& s) { s.iteration = 9; },
           [](SequenceStep& s) { s.phase = Phase::kCommit; },
           [](SequenceStep& s) { s.window.decoded[0].begin += 1; },
           [](SequenceStep& s) {
             s.window.visible.push_back({0, 1});
           },
           [](SequenceStep& s) { s.inputs[2] = 5; },
           [](SequenceStep& s) { s.guidance_inputs.push_back(1); },
           [](SequenceStep& s) { s.rules.never_chosen.push_back(3); },
           [](SequenceStep& s) { s.rules.temperature = 1; },
           [](SequenceStep& s) { s.rules.decision = 1; }, [](SequenceStep& s) { s.rules.seed = 1; },
           [](SequenceStep& s) { s.statistics = kEntropy; },
           [](SequenceStep& s) { s.listed.tokens.push_back(3); },
           [](SequenceStep& s) { s.mix_weight = 1; }}) {
    SequenceStep other = step;
    change(other);
    EXPECT_NE(digest_of(other), digest_of(step));
  }
}

}  // namespace
}  // namespace unmask::diffusion
