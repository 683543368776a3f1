/// Habits of the references' loops, each as a driver shows it.

#include "model/diffusion/compat.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "model/diffusion/contradiction.h"
#include "tests/unit/model/diffusion/played_loop.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int32_t kEos = kVocabulary.eos_id;

DiffusionParams params_of(const Compat& compat, CachePolicy cache = NoCache{},
                          Strategy strategy = Threshold{0.9f}) {
  return {.block_length = 4, .strategy = strategy, .cache = cache, .compat = compat};
}

std::vector<std::int32_t> prompt_of(std::int32_t length) {
  return std::vector<std::int32_t>(std::size_t(length), 1);
}

/// 'p'refill, 'd'enoise and 'c'ommit, one per forward.
std::string phases(const History& history) {
  std::string all;
  for (const SequenceStep& step : history.steps) {
    all += step.phase == Phase::kPrefill ? 'p' : step.phase == Phase::kCommit ? 'c' : 'd';
  }
  return all;
}

std::vector<std::int32_t> holes_at(const History& history) {
  std::vector<std::int32_t> all;
  for (const SequenceStep& step : history.steps) {
    std::int32_t num_holes = 0;
    for (const Range range : step.window.decoded) num_holes += range.size();
    all.push_back(num_holes);
  }
  return all;
}

/// One hole a forward, from the left: the others are not sure.
Model one_by_one(std::int32_t token = 7) {
  return [token](std::int32_t position, std::int32_t) {
    return Guess{token, 0.5f / float(1 + position)};
  };
}

TEST(BlockDiffusionTest, ThePromptsBlocksArePrefilledAndEveryForwardWritesItsBlock) {
  DiffusionLoop loop = loop_of(params_of(kBlockDiffusion, BlockCache{}), prompt_of(9), 3);
  const History seen = run(loop, sure);
  EXPECT_EQ(phases(seen), "pdd");
  const Window& prefill = seen.steps[0].window;
  EXPECT_THAT(prefill.computed, ElementsAre(Range{0, 8}));
  EXPECT_THAT(prefill.written, ElementsAre(Range{0, 8}));
  EXPECT_THAT(prefill.decoded, IsEmpty());
  EXPECT_EQ(prefill.causal_block_length, 4);
  for (std::size_t i : {1u, 2u}) {
    const Window& window = seen.steps[i].window;
    EXPECT_THAT(window.computed, ElementsAre(Range{8, 12}));
    EXPECT_THAT(window.visible, ElementsAre(Range{0, 8}));
    EXPECT_THAT(window.written, ElementsAre(Range{8, 12}));
  }
}

TEST(BlockDiffusionTest, APromptThatIsShorterThanABlockIsPrefilledWithTheHolesBehindIt) {
  DiffusionLoop loop = loop_of(params_of(kBlockDiffusion, BlockCache{}), prompt_of(2), 6);
  const History seen = run(loop, sure);
  EXPECT_EQ(phases(seen), "pdddd");
  EXPECT_THAT(seen.steps[0].window.computed, ElementsAre(Range{0, 4}));
  EXPECT_THAT(seen.steps[0].inputs, ElementsAre(1, 1, kVocabulary.mask_id, kVocabulary.mask_id));
  EXPECT_THAT(seen.steps[1].window.computed, ElementsAre(Range{0, 4}));
  EXPECT_THAT(seen.steps[1].window.visible, IsEmpty());
}

TEST(BlockDiffusionTest, ACommitFollowsABlockWhoseLastForwardChangedIt) {
  // Two forwards between two looks: with an even number of holes the last one fills the last hole.
  DiffusionLoop even = loop_of(params_of(kBlockDiffusion, BlockCache{}), prompt_of(4), 4);
  const History committed = run(even, one_by_one());
  EXPECT_EQ(phases(committed), "pddddc");
  EXPECT_THAT(committed.steps[5].window.written, ElementsAre(Range{4, 8}));
  EXPECT_THAT(committed.steps[5].inputs, ElementsAre(7, 7, 7, 7));
  EXPECT_FALSE(committed.applied[4].finished_block)
      << "not before its keys are those of its tokens";
  EXPECT_TRUE(committed.applied[5].finished_block);

  DiffusionLoop odd = loop_of(params_of(kBlockDiffusion, BlockCache{}), prompt_of(5), 3);
  const History seen = run(odd, one_by_one());
  EXPECT_EQ(phases(seen), "pdddd");
  EXPECT_THAT(holes_at(seen), ElementsAre(0, 3, 2, 1, 0));
  EXPECT_TRUE(seen.applied[4].finished_block);
}

TEST(BlockDiffusionTest, TheBlockIsLookedAtEveryTwoForwardsAtLeast) {
  for (const Compat& compat : {kBlockDiffusion, kBlockDiffusionMask}) {
    DiffusionParams params = params_of(compat);
    params.compat.unroll = 1;
    DiffusionLoop loop = loop_of(params, prompt_of(4), 4);
    EXPECT_THAT(holes_at(run(loop, sure)), ElementsAre(4, 0));
  }
  DiffusionParams params = params_of(kBlockDiffusion);
  params.compat.expected_tpf = 1;
  params.compat.unroll = 3;
  DiffusionLoop loop = loop_of(params, prompt_of(4), 4);
  EXPECT_THAT(holes_at(run(loop, sure)), ElementsAre(4, 0, 0));
}

TEST(BlockDiffusionTest, TheLastBlockIsMadeWholeAndItsSurplusReturned) {
  DiffusionLoop loop = loop_of(params_of(kBlockDiffusion), prompt_of(3), 2);
  EXPECT_EQ(loop.canvas().size(), 8);
  EXPECT_EQ(loop.next()->num_positions, 8);
  run(loop, sure);
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(13, 14, 15, 16, 17));
  EXPECT_EQ(loop.figures().tokens, 5);
  EXPECT_EQ(num_positions(loop.params(), 8), 8);
  EXPECT_EQ(num_positions(loop.params(), 9), 12);
  EXPECT_EQ(num_positions({}, 9), 9);
}

/// An EOS at position 5, in the first of three blocks.
Guess eos_at_5(std::int32_t position, std::int32_t /*iteration*/) {
  return {position == 5 ? kEos : position, 0.95f};
}

TEST(BlockDiffusionTest, AnEosEndsItOnlyWithEarlyStopUnlessItHasNoCache) {
  for (const Compat& compat : {kBlockDiffusion, kBlockDiffusionMask}) {
    for (const bool early_stop : {true, false}) {
      DiffusionParams params = params_of(compat);
      params.compat.early_stop = early_stop;
      DiffusionLoop loop = loop_of(params, prompt_of(4), 12);
      const History seen = run(loop, eos_at_5);
      const bool ends = early_stop || compat == kBlockDiffusionMask;
      EXPECT_THAT(seen.steps, SizeIs(ends ? 2 : 6));
      const std::int32_t behind = early_stop ? kEos : ends ? kVocabulary.mask_id : 8;
      EXPECT_EQ(loop.canvas().token(8), behind);
      EXPECT_EQ(seen.applied.back().eos_fill,
                early_stop ? std::optional(Range{8, 16}) : std::nullopt);
      EXPECT_EQ(std::ranges::count(loop.final_tokens(), kEos), 0);
      EXPECT_EQ(loop.state().ending, Ending::kStop);
    }
  }
}

TEST(BlockDiffusionTest, AnEosOfThePromptInTheFirstBlockEndsItToo) {
  DiffusionLoop loop = loop_of(params_of(kBlockDiffusion), {1, 1, 1, 1, kEos}, 7);
  EXPECT_THAT(run(loop, sure).steps, SizeIs(2));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(1, 1, 1, 1, 15, 16, 17));
}

TEST(BlockDiffusionTest, TheMaskIdMayBeChosenAndItsHoleStays) {
  DiffusionLoop loop =
      loop_of(params_of(kBlockDiffusion, NoCache{}, Hierarchy{0.9f, 0.4f}), prompt_of(4), 4);
  EXPECT_THAT(loop.next()->rules.never_chosen, IsEmpty());
  const auto applied = loop.apply(answer(*loop.next(), [](std::int32_t position, std::int32_t) {
    return Guess{position == 4 ? kVocabulary.mask_id : 5, 0.95f};
  }));
  EXPECT_THAT(applied->edits, ElementsAre(Edit{5, 5}, Edit{6, 5}, Edit{7, 5}));
}

TEST(BlockDiffusionTest, ALongPromptIsPrefilledInPiecesThatDoNotCountAsLooks) {
  DiffusionLoop loop =
      loop_of(params_of(kBlockDiffusion, BlockCache{.max_prefill = 9}), prompt_of(21), 3);
  const History seen = run(loop, one_by_one());
  EXPECT_EQ(phases(seen), "pppdddd");
  EXPECT_THAT(seen.steps[0].window.computed, ElementsAre(Range{0, 8}));
  EXPECT_THAT(seen.steps[1].window.computed, ElementsAre(Range{8, 16}));
  EXPECT_THAT(seen.steps[1].window.visible, ElementsAre(Range{0, 8}));
  EXPECT_THAT(seen.steps[2].window.computed, ElementsAre(Range{16, 20}));
  for (const SequenceStep& step : seen.steps) {
    EXPECT_LE(std::int32_t(step.inputs.size()), loop.max_use().num_computed);
  }
}

/// The tokens behind every border are those of the undisturbed run, and its forwards as many, with
/// the cache and without it.
void expect_same_behind_borders(const DiffusionParams& params, const Model& model) {
  DiffusionLoop loop = loop_of(params, prompt_of(3), 18);
  std::vector<LoopState> borders{loop.state()};
  while (const auto step = loop.next()) {
    if (loop.apply(answer(*step, model))->finished_block) borders.push_back(loop.state());
  }
  borders.pop_back();  // the end
  ASSERT_THAT(borders, SizeIs(6));
  for (const LoopState& border : borders) {
    DiffusionLoop again = DiffusionLoop::resume(params, vocabulary_for(params), border);
    run(again, model);
    EXPECT_EQ(again.state(), loop.state());
    auto emptied = DiffusionLoop::resume_without_cache(params, vocabulary_for(params), border);
    ASSERT_TRUE(emptied);
    EXPECT_THAT(emptied->next()->window.visible, IsEmpty()) << "nothing of it is there";
    run(*emptied, model);
    EXPECT_EQ(emptied->canvas(), loop.canvas());
    EXPECT_EQ(emptied->figures(), loop.figures()) << "behind block " << border.num_blocks;
  }
}

TEST(Llada2DriversTest, ABorderIsTakenUpAgainWithTheSameTokensInAsManyForwards) {
  // Positions that were filled before count, as they do for a model; forwards do not.
  const Model doubtful = [](std::int32_t position, std::int32_t) {
    return Guess{10 + position % 50, 0.2f + 0.01f * float(position * 37 % 71)};
  };
  for (const auto& [driver, compat] : kPresets) {
    if (!compat.needs_block_causal) continue;
    SCOPED_TRACE(driver);
    for (const Strategy& strategy :
         {Strategy(Threshold{0.6f}), Strategy(Llada2Schedule{.threshold = 0.6f, .steps = 3}),
          Strategy(JointThreshold{})}) {
      for (const CachePolicy& cache : {CachePolicy(NoCache{}), CachePolicy(BlockCache{})}) {
        const DiffusionParams params = params_of(compat, cache, strategy);
        if (contradiction_in(params, true)) continue;
        expect_same_behind_borders(params, doubtful);
        expect_same_behind_borders(params, sure);  // a block is done in one forward
      }
    }
  }
}

TEST(Llada2DriversTest, BehindALostCacheTheFirstForwardWritesWhatIsFinished) {
  const DiffusionParams params = params_of(kBlockDiffusion, BlockCache{});
  DiffusionLoop loop = loop_of(params, prompt_of(3), 9);
  while (!loop.apply(answer(*loop.next(), sure))->finished_block) continue;
  DiffusionLoop again =
      *DiffusionLoop::resume_without_cache(params, vocabulary_for(params), loop.state());
  const History seen = run(again, sure);
  EXPECT_EQ(phases(seen), "dddd");
  EXPECT_THAT(seen.steps[0].window.computed, ElementsAre(Range{0, 8}));
  EXPECT_THAT(seen.steps[0].window.written, ElementsAre(Range{0, 4}));
  EXPECT_THAT(seen.steps[1].window.computed, ElementsAre(Range{4, 8}));
  EXPECT_THAT(seen.steps[1].window.visible, ElementsAre(Range{0, 4}));
  EXPECT_THAT(seen.steps[1].window.written, ElementsAre(Range{4, 8}));
}

TEST(Llada2GenerateTest, TheScheduleGoesByTheBlocksLengthAndTheJobs) {
  DiffusionParams params =
      params_of(kLlada2Generate, NoCache{}, Llada2Schedule{.steps = 4, .minimal_topk = 3});
  params.gen_length = 7;  // 7 / 3: two steps of two tokens each
  DiffusionLoop loop = loop_of(params, prompt_of(5), 7);
  EXPECT_THAT(holes_at(run(loop, one_by_one())), ElementsAre(3, 1, 4, 2));
}

TEST(Llada2GenerateTest, ABlockWithAnEosIsTheLastOneWhateverEarlyStopSays) {
  for (const bool early_stop : {true, false}) {
    DiffusionParams params = params_of(kLlada2Generate);
    params.compat.early_stop = early_stop;
    DiffusionLoop loop = loop_of(params, {1, 1, 1, 1, 1, kEos}, 10);
    const History seen = run(loop, [](std::int32_t position, std::int32_t) {
      return Guess{position == 9 ? kEos : position, 0.95f};
    });
    EXPECT_THAT(seen.steps, SizeIs(2)) << "one of the prompt does not count";
    EXPECT_EQ(seen.applied.back().eos_fill, std::nullopt);
    EXPECT_THAT(loop.canvas().holes(loop.canvas().whole()), ElementsAre(Range{12, 16}));
    EXPECT_THAT(loop.final_tokens(), ElementsAre(1, 1, 1, 1, 1, kEos, 6, 7, 8, kEos));
    EXPECT_THAT(loop.generated_tokens(), ElementsAre(6, 7, 8, kEos));
    EXPECT_EQ(loop.figures(), (Figures{.tokens = 3, .forwards = 2}));
  }
}

TEST(Llada2GenerateTest, NoMoreIsReturnedThanWasAskedFor) {
  DiffusionLoop loop = loop_of(params_of(kLlada2Generate), prompt_of(3), 2);
  run(loop, sure);
  EXPECT_EQ(loop.canvas().size(), 8);
  EXPECT_EQ(loop.answer_end(), 5);
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(13, 14));
  EXPECT_EQ(loop.figures().tokens, 2);
  // An EOS of the surplus cuts nothing.
  DiffusionLoop other = loop_of(params_of(kLlada2Generate), prompt_of(3), 2);
  run(other, [](std::int32_t position, std::int32_t) {
    return Guess{position == 6 ? kEos : position, 0.95f};
  });
  EXPECT_THAT(other.generated_tokens(), ElementsAre(3, 4));
}

DiffusionParams with_eos_early_stop() {
  DiffusionParams params = params_of(kLlada2Generate, NoCache{}, Llada2Schedule{.threshold = 0.9f});
  params.compat.eos_early_stop = true;
  return params;
}

TEST(Llada2GenerateTest, EosEarlyStopLeavesTheHolesBehindTheEos) {
  DiffusionLoop loop = loop_of(with_eos_early_stop(), prompt_of(4), 8);
  const History seen = run(loop, [](std::int32_t position, std::int32_t) {
    return Guess{position == 5 ? kEos : position, position <= 5 ? 0.95f : 0.1f};
  });
  ASSERT_THAT(seen.steps, SizeIs(1));
  EXPECT_EQ(seen.applied[0].eos_fill, std::nullopt);
  EXPECT_TRUE(seen.applied[0].finished_block);
  EXPECT_EQ(seen.applied[0].ending, Ending::kStop);
  EXPECT_THAT(loop.canvas().holes(loop.canvas().whole()), ElementsAre(Range{6, 12}));
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(4, kEos));
}

TEST(Llada2GenerateTest, EosEarlyStopLooksOnlyWhenAnEosIsDecided) {
  DiffusionLoop loop = loop_of(with_eos_early_stop(), prompt_of(4), 8);
  // The EOS comes first, the hole before it next; by then nobody looks, and the block is filled.
  const History seen = run(loop, [](std::int32_t position, std::int32_t iteration) {
    const bool is_sure = position == (iteration == 0 ? 5 : 4);
    return Guess{position == 5 ? kEos : position, is_sure ? 0.95f : 0.1f};
  });
  EXPECT_THAT(seen.steps, SizeIs(4));
  EXPECT_THAT(loop.canvas().holes(loop.canvas().whole()), ElementsAre(Range{8, 12}));
}

TEST(Llada2GenerateTest, EosEarlyStopTakesAnEosOfThePromptForTheFirst) {
  DiffusionLoop loop = loop_of(with_eos_early_stop(), {1, kEos, 1, 1}, 8);
  const History seen = run(loop, [](std::int32_t position, std::int32_t) {
    return Guess{position == 6 ? kEos : position, position == 6 ? 0.95f : 0.1f};
  });
  EXPECT_THAT(seen.steps, SizeIs(1)) << "there is a hole before the EOS, but not before the first";
  EXPECT_THAT(loop.final_tokens(), ElementsAre(1, kEos));
}

/// Fills at once, then changes its mind at every forward; there are `num_changes` of these.
Model restless(std::int32_t num_changes) {
  return [num_changes](std::int32_t, std::int32_t iteration) {
    return Guess{10 + std::min(iteration, num_changes), 0.95f};
  };
}

DiffusionParams editing(std::int32_t max_post_steps, CachePolicy cache = NoCache{}) {
  return params_of(kLlada2Edit, cache, JointThreshold{.max_post_steps = max_post_steps});
}

TEST(Llada2EditTest, ABlockGoesOnBehindItsLastHoleUntilNothingChanges) {
  DiffusionLoop loop = loop_of(editing(16), prompt_of(4), 4);
  const History seen = run(loop, restless(3));
  ASSERT_THAT(seen.applied, SizeIs(5));
  for (std::size_t i : {0u, 1u, 2u, 3u}) {
    EXPECT_THAT(seen.applied[i].edits, SizeIs(4));
    EXPECT_FALSE(seen.applied[i].finished_block) << "its tokens can still change";
  }
  EXPECT_THAT(seen.applied[4].edits, IsEmpty());
  EXPECT_TRUE(seen.applied[4].finished_block);
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(13, 13, 13, 13));
}

TEST(Llada2EditTest, NoMoreThanMaxPostStepsEditABlockWithoutAHole) {
  for (const std::int32_t max_post_steps : {0, 1, 3}) {
    DiffusionLoop loop = loop_of(editing(max_post_steps), prompt_of(4), 8);
    const History seen = run(loop, restless(1000));
    EXPECT_EQ(seen.steps.size(), std::size_t(2 * (1 + max_post_steps)));
    EXPECT_EQ(loop.state().num_forced, 0);
  }
}

TEST(Llada2EditTest, GivenTokensAndEarlierBlocksAreNeverEdited) {
  DiffusionLoop loop = loop_of(editing(2), prompt_of(5), 7);
  const History seen = run(loop, restless(1000));
  EXPECT_THAT(seen.steps[0].window.decoded, ElementsAre(Range{5, 8}));
  EXPECT_THAT(seen.steps[2].window.decoded, ElementsAre(Range{5, 8})) << "holes or not";
  for (const Applied& applied : seen.applied) {
    for (const Edit& edit : applied.edits) EXPECT_GE(edit.position, 5);
  }
  EXPECT_EQ(loop.canvas().token(4), 1);
  EXPECT_EQ(loop.canvas().token(5), 12) << "of the last step of its own block";
}

TEST(Llada2EditTest, AnEosMayBeEditedAwayAndEndsNothingBeforeItsBlockIsDone) {
  for (const Compat& compat : {kLlada2Edit, kDefault}) {
    DiffusionParams params = editing(16);
    params.compat = compat;
    DiffusionLoop loop = loop_of(params, prompt_of(4), 8);
    const History seen = run(loop, [](std::int32_t position, std::int32_t iteration) {
      return Guess{position == 4 && iteration == 0 ? kEos : 20, 0.95f};
    });
    EXPECT_THAT(seen.steps, SizeIs(5));
    EXPECT_THAT(loop.generated_tokens(), testing::Each(20));
    EXPECT_EQ(loop.state().ending, Ending::kLength);
  }
}

TEST(Llada2EditTest, AFinishedBlockWithAnEosIsTheLast) {
  DiffusionLoop loop = loop_of(editing(16), prompt_of(4), 12);
  const History seen = run(loop, eos_at_5);
  EXPECT_THAT(seen.steps, SizeIs(2));
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(4, kEos));
}

TEST(Llada2EditTest, TheMaskIdMakesAHoleOfADecidedToken) {
  DiffusionLoop loop = loop_of(editing(16), prompt_of(4), 4);
  const auto mask_at_6 = [](std::int32_t position, std::int32_t iteration) {
    return Guess{position == 6 && iteration == 1 ? kVocabulary.mask_id : 20, 0.95f};
  };
  const History seen = run(loop, mask_at_6);
  EXPECT_THAT(seen.applied[1].edits, ElementsAre(Edit{6, kHole}));
  EXPECT_THAT(seen.applied[2].edits, ElementsAre(Edit{6, 20}));
  EXPECT_TRUE(seen.applied[3].finished_block);
}

TEST(Llada2EditTest, ItsLastStepIsBoundedAndFillsWhatIsLeft) {
  // Every second step makes a hole of all that is decided, the others fill one: it would never end.
  DiffusionLoop loop = loop_of(editing(3), prompt_of(4), 4);
  const History seen = run(loop, [](std::int32_t, std::int32_t iteration) {
    return iteration % 2 == 0 ? Guess{20, 0.1f} : Guess{kVocabulary.mask_id, 0.95f};
  });
  EXPECT_THAT(seen.steps, SizeIs(4 + 3));
  EXPECT_TRUE(seen.applied.back().finished_block);
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(20, 20, 20, 20));
  EXPECT_EQ(loop.state().num_forced, 3) << "one was the strategy's own";
}

TEST(Llada2EditTest, WithACacheTheLastEditIsCommitted) {
  DiffusionLoop loop = loop_of(editing(2, BlockCache{}), prompt_of(4), 4);
  const History seen = run(loop, restless(1000));
  EXPECT_EQ(phases(seen), "pdddc");
  EXPECT_THAT(seen.steps[4].inputs, testing::Each(loop.canvas().token(4)));

  DiffusionLoop at_rest = loop_of(editing(2, BlockCache{}), prompt_of(4), 4);
  EXPECT_EQ(phases(run(at_rest, sure)), "pdd") << "the last forward saw the block as it stays";
}

TEST(Llada2EditTest, OurOwnLoopKeepsWhatWasEditedOnlyOnceItIsFinal) {
  DiffusionParams params = editing(2, BlockCache{});
  params.compat = kDefault;
  DiffusionLoop loop = loop_of(params, prompt_of(4), 8);
  const History seen = run(loop, restless(1000));
  EXPECT_THAT(seen.steps, SizeIs(6));
  for (std::size_t i : {1u, 2u}) EXPECT_THAT(seen.steps[i].window.written, IsEmpty());
  EXPECT_THAT(seen.steps[3].window.written, ElementsAre(Range{4, 8}));
  EXPECT_EQ(seen.steps[3].inputs[0], loop.canvas().token(4));
}

}  // namespace
}  // namespace unmask::diffusion
