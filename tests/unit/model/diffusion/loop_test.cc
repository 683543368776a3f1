#include "model/diffusion/loop.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "model/diffusion/contradiction.h"
#include "tests/unit/model/diffusion/played_loop.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(LoopTest, FillsBlockAfterBlockAndEndsAtTheLength) {
  DiffusionLoop loop = loop_of({.block_length = 2}, {1}, 5);
  const History seen = run(loop, sure);
  EXPECT_EQ(seen.applied[0].finished_block, (FinishedBlock{0, {1, 3}}));
  EXPECT_EQ(seen.applied[1].finished_block, (FinishedBlock{1, {3, 5}}));
  EXPECT_EQ(seen.applied[2].finished_block, (FinishedBlock{2, {5, 6}}));
  EXPECT_EQ(seen.applied[1].ending, std::nullopt);
  EXPECT_EQ(seen.applied[2].ending, Ending::kLength);
  EXPECT_THAT(loop.final_tokens(), ElementsAre(1, 11, 12, 13, 14, 15));
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(11, 12, 13, 14, 15));
  EXPECT_EQ(loop.figures(), (Figures{.tokens = 5, .forwards = 3}));
}

TEST(LoopTest, AStepCarriesTheCanvasAsItStands) {
  DiffusionLoop loop = loop_of({.block_length = 2, .seed = 7}, {1, 2}, 2);
  const SequenceStep step = *loop.next();
  EXPECT_EQ(step.phase, Phase::kDenoise);
  EXPECT_EQ(step.num_positions, 4);
  EXPECT_THAT(step.inputs, ElementsAre(1, 2, 99, 99));
  EXPECT_THAT(step.window.computed, ElementsAre(Range{0, 4}));
  EXPECT_THAT(step.window.visible, IsEmpty());
  EXPECT_THAT(step.window.decoded, ElementsAre(Range{2, 4}));
  EXPECT_THAT(step.rules.never_chosen, ElementsAre(99));
  EXPECT_EQ(step.rules.choosable_end, 100);
  EXPECT_EQ(step.rules.temperature, 0);
}

TEST(LoopTest, TokensAreDrawnByBlockAndDecisionWhateverForwardsWereMade) {
  const DiffusionParams params{.block_length = 2,
                               .strategy = Threshold{0.9f},
                               .cache = DualCache{},
                               .temperature = 0.5f,
                               .top_k = 4,
                               .top_p = 0.8f,
                               .seed = 7};
  DiffusionLoop loop = loop_of(params, {1}, 4);
  const History seen = run(loop, [](std::int32_t position, std::int32_t) {
    return Guess{position, 0.8f - 0.1f * float(position)};
  });
  std::vector<std::pair<std::int32_t, std::int32_t>> when;
  for (const SequenceStep& step : seen.steps) {
    EXPECT_EQ(step.rules.seed, 7u);
    EXPECT_EQ(step.rules.temperature, 0.5f);
    EXPECT_EQ(step.rules.top_k, 4);
    EXPECT_EQ(step.rules.top_p, 0.8f);
    if (!step.window.decoded.empty()) when.emplace_back(step.rules.block, step.rules.decision);
  }
  using Pair = std::pair<std::int32_t, std::int32_t>;
  EXPECT_THAT(when, ElementsAre(Pair{0, 0}, Pair{0, 1}, Pair{1, 0}, Pair{1, 1}));
}

TEST(LoopTest, RandomRemaskingFillsHolesInAnOrderOfTheSeed) {
  const auto order_of = [](std::uint64_t seed) {
    DiffusionLoop loop = loop_of({.block_length = 8,
                                  .strategy = FixedSteps{8},
                                  .remasking = RandomConfidence{},
                                  .seed = seed},
                                 {1}, 8);
    std::vector<std::int32_t> order;
    for (const Applied& applied : run(loop, sure).applied) {
      EXPECT_TRUE(applied.adjusted.has_value());
      for (const Edit& edit : applied.edits) order.push_back(edit.position);
    }
    return order;
  };
  EXPECT_THAT(order_of(1), testing::UnorderedElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(order_of(1), order_of(1));
  EXPECT_NE(order_of(1), order_of(2));
}

TEST(LoopTest, OnlyHolesAreDecoded) {
  DiffusionLoop loop = loop_of({.block_length = 4, .strategy = Threshold{0.5f}}, {}, 4);
  const History seen = run(loop, [](std::int32_t position, std::int32_t iteration) {
    return Guess{position, position % 2 == iteration ? 0.9f : 0.1f};
  });
  ASSERT_EQ(seen.steps.size(), 2u);
  EXPECT_THAT(seen.steps[1].window.decoded, ElementsAre(Range{1, 2}, Range{3, 4}));
  EXPECT_THAT(seen.steps[1].inputs, ElementsAre(0, 99, 2, 99));
}

TEST(LoopTest, InfillingSkipsBlocksWithoutAHoleAndKeepsWhatIsPinned) {
  auto canvas = *Canvas::with_holes({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {{1, 2}, {8, 9}}, 99);
  auto loop = *DiffusionLoop::create({.block_length = 2}, kVocabulary, canvas);
  const History seen = run(loop, sure);
  EXPECT_EQ(seen.applied[0].finished_block, (FinishedBlock{0, {1, 3}}));
  EXPECT_EQ(seen.applied[1].finished_block, (FinishedBlock{1, {7, 9}}));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(0, 11, 2, 3, 4, 5, 6, 7, 18, 9));
}

TEST(LoopTest, ACanvasWithoutAHoleIsRefused) {
  const auto loop = DiffusionLoop::create({}, kVocabulary, Canvas::of_prompt({}, 0, 99));
  ASSERT_FALSE(loop.has_value());
  EXPECT_EQ(loop.error().code, ErrorCode::kInvalidArgument);
}

TEST(LoopTest, EarlyStopEndsAtTheFirstGeneratedEosWithoutWaitingForWhatIsBehind) {
  DiffusionLoop loop =
      loop_of({.block_length = 4, .strategy = Threshold{0.9f}}, {kVocabulary.eos_id}, 12);
  const History seen = run(loop, [](std::int32_t position, std::int32_t) {
    return Guess{position == 2 ? 98 : position, position <= 2 ? 0.95f : 0.3f};
  });
  ASSERT_EQ(seen.applied.size(), 1u);
  EXPECT_EQ(seen.applied[0].finished_block, (FinishedBlock{0, {1, 5}}));
  EXPECT_EQ(seen.applied[0].eos_fill, (Range{3, 5}));
  EXPECT_EQ(seen.applied[0].ending, Ending::kStop);
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(1));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(98, 1));
  EXPECT_EQ(loop.figures(), (Figures{.tokens = 1, .forwards = 1}));
}

TEST(LoopTest, EarlyStopWaitsForTheHolesBeforeTheEos) {
  DiffusionLoop loop = loop_of({.block_length = 4, .strategy = Threshold{0.9f}}, {}, 4);
  const History seen = run(loop, [](std::int32_t position, std::int32_t iteration) {
    return Guess{position == 2 ? 98 : position, position == 2 || iteration > 0 ? 0.95f : 0.3f};
  });
  EXPECT_EQ(seen.applied.size(), 2u);
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(0, 1));
}

TEST(LoopTest, WithoutEarlyStopTheCanvasIsFilledAndTheAnswerCut) {
  DiffusionParams params{.block_length = 2};
  params.compat.early_stop = false;
  DiffusionLoop loop = loop_of(params, {}, 6);
  const History seen = run(loop, [](std::int32_t position, std::int32_t) {
    return Guess{position == 1 ? 98 : position, 0.95f};
  });
  EXPECT_EQ(seen.applied.size(), 3u);
  EXPECT_EQ(seen.applied[2].ending, Ending::kStop);
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(0));
  EXPECT_THAT(loop.canvas().tokens(), ElementsAre(0, 98, 2, 3, 4, 5));
}

/// dInfer's loop, whose habits the golden traces show one by one.
DiffusionParams blockwise(bool early_stop, bool is_aligned = false) {
  DiffusionParams params{.block_length = 4, .start_block_align = is_aligned, .compat = kBlockwise};
  params.compat.early_stop = early_stop;
  params.compat.unroll = 1;
  return params;
}

TEST(LoopTest, BlockwiseStopsAtAnEosOfThePromptInsideABlock) {
  DiffusionLoop loop = loop_of(blockwise(true, true), {1, 98}, 8);
  const History seen = run(loop, sure);
  ASSERT_EQ(seen.applied.size(), 1u);
  EXPECT_EQ(seen.applied[0].eos_fill, (Range{4, 10}));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(1, 12, 13));
}

TEST(LoopTest, BlockwiseStopsWithoutEarlyStopTooAndLeavesTheMaskIds) {
  DiffusionLoop loop = loop_of(blockwise(false), {98, 1}, 6);
  const History seen = run(loop, [](std::int32_t position, std::int32_t) {
    return Guess{position == 3 ? 98 : position, 0.95f};
  });
  ASSERT_EQ(seen.applied.size(), 1u);
  EXPECT_EQ(seen.applied[0].eos_fill, std::nullopt);
  EXPECT_EQ(seen.applied[0].ending, Ending::kStop);
  EXPECT_THAT(loop.canvas().tokens(), ElementsAre(98, 1, 2, 98, 4, 5, 99, 99));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(1, 2, 4, 5, 99, 99));
}

TEST(LoopTest, BlockwiseForwardsAFinishedBlockOnceMoreBehindARefreshOrInAnUnrolledCall) {
  DiffusionParams params = blockwise(true);
  params.cache = DualCache{};
  DiffusionLoop refreshed = loop_of(params, {1}, 4);
  EXPECT_EQ(run(refreshed, sure).applied.size(), 2u);

  DiffusionParams unrolled = blockwise(true);
  unrolled.compat.unroll = 3;
  unrolled.compat.expected_tpf = 1;
  DiffusionLoop loop = loop_of(unrolled, {1}, 4);
  const History seen = run(loop, sure);
  ASSERT_EQ(seen.applied.size(), 3u);
  EXPECT_THAT(seen.applied[2].edits, IsEmpty());
  EXPECT_TRUE(seen.applied[2].finished_block.has_value());
}

TEST(LoopTest, AFixedShareMayBeUsedUpByTheMaskIdWhichFillsNoHole) {
  DiffusionParams params = blockwise(true);
  params.strategy = FixedSteps{2};
  DiffusionLoop loop = loop_of(params, {}, 4);
  const auto applied = loop.apply(answer(*loop.next(), [](std::int32_t position, std::int32_t) {
    return Guess{position == 0 ? 99 : 5, 1.0f / float(position + 1)};
  }));
  EXPECT_THAT(applied->edits, ElementsAre(Edit{1, 5}));
  EXPECT_TRUE(loop.canvas().is_hole(0));
}

TEST(LoopTest, ABlockCausalModelComputesEveryBlockWithTheOneThatWasFinished) {
  Vocabulary vocabulary = kVocabulary;
  vocabulary.is_block_causal = true;
  // The prompt ends inside the second block of 4.
  DiffusionLoop loop = *DiffusionLoop::create({.block_length = 4}, vocabulary,
                                              Canvas::of_prompt(std::vector{1, 2, 3, 4, 5}, 6, 99));
  const History seen = run(loop, [](std::int32_t p, std::int32_t i) {
    return Guess{p, (p + i) % 2 == 0 ? 0.95f : 0.5f};  // every second hole a forward
  });
  ASSERT_EQ(seen.steps.size(), 4u);
  const auto window = [&](std::size_t i) { return seen.steps[i].window; };
  EXPECT_EQ(window(0).computed, (Ranges{{0, 8}}));
  EXPECT_EQ(window(0).visible, Ranges{});
  EXPECT_EQ(window(0).written, (Ranges{{0, 4}}));
  EXPECT_EQ(window(0).decoded, (Ranges{{5, 8}}));
  EXPECT_EQ(window(1).computed, (Ranges{{4, 8}}));
  EXPECT_EQ(window(1).visible, (Ranges{{0, 4}}));
  EXPECT_EQ(window(1).written, Ranges{});
  EXPECT_EQ(window(2).computed, (Ranges{{4, 11}}));
  EXPECT_EQ(window(2).visible, (Ranges{{0, 4}}));
  EXPECT_EQ(window(2).written, (Ranges{{4, 8}}));
  EXPECT_EQ(window(3).computed, (Ranges{{8, 11}}));
  for (const SequenceStep& step : seen.steps) EXPECT_EQ(step.window.causal_block_length, 4);
}

TEST(LoopTest, ABlockCausalModelWithoutACacheComputesUpToTheBlocksEnd) {
  Vocabulary vocabulary = kVocabulary;
  vocabulary.is_block_causal = true;
  const DiffusionLoop loop =
      *DiffusionLoop::create({.block_length = 4, .cache = NoCache{}}, vocabulary,
                             Canvas::of_prompt(std::vector{1, 2, 3, 4, 5}, 6, 99));
  EXPECT_EQ(loop.next()->window.computed, (Ranges{{0, 8}}));
  EXPECT_EQ(loop.next()->window.written, Ranges{});
}

TEST(LoopTest, ParametersThatContradictEachOtherAreRefused) {
  const Canvas canvas = Canvas::of_prompt(std::vector{1}, 4, 99);
  EXPECT_THAT(DiffusionLoop::create({.cache = BlockCache{}}, kVocabulary, canvas).error().message,
              HasSubstr("block-causal"));
}

TEST(LoopTest, GuidanceReadsTheCanvasWithoutWhatWasGiven) {
  DiffusionLoop loop = loop_of({.gen_length = 4, .block_length = 4, .cfg_scale = 1.5f}, {7, 8}, 4);
  run(
      loop,
      [](int position, int) {
        return Guess{position, position == 3 ? 0.99f : 0.5f};
      },
      1);
  const SequenceStep step = *loop.next();
  EXPECT_EQ(step.rules.cfg_scale, 1.5f);
  EXPECT_THAT(step.inputs, ElementsAre(7, 8, 99, 3, 99, 99));
  EXPECT_THAT(step.guidance_inputs, ElementsAre(99, 99, 99, 3, 99, 99));
  EXPECT_EQ(loop.max_use().num_computed, 12);
}

TEST(LoopTest, NextIsTheSameUntilCandidatesWereApplied) {
  DiffusionLoop loop = loop_of({.block_length = 4, .cache = DualCache{}}, {1}, 8);
  EXPECT_EQ(loop.next()->window, loop.next()->window);
  EXPECT_EQ(loop.next()->phase, Phase::kRefresh);
}

TEST(LoopTest, ACopyFromTheBorderTakesTheBlockUpAgain) {
  DiffusionLoop loop =
      loop_of({.block_length = 8, .strategy = Threshold{0.9f}, .cache = PrefixCache{3}}, {1}, 24);
  const Model model = [](std::int32_t position, std::int32_t iteration) {
    return Guess{position, 0.2f + 0.01f * float((position * 37 + iteration * 11) % 71)};
  };
  std::vector<LoopState> borders{loop.state()};
  while (const auto step = loop.next()) {
    if (loop.apply(answer(*step, model))->finished_block) borders.push_back(loop.state());
  }
  ASSERT_EQ(borders.size(), 4u);
  for (const LoopState& border : borders) {
    DiffusionLoop again = DiffusionLoop::resume(loop.params(), kVocabulary, border);
    run(again, model);
    EXPECT_EQ(again.state(), loop.state());
  }
}

/// The answers depend on what is seen of the canvas, as a model's do, and on what the cache kept.
TEST(LoopTest, WithoutItsCacheABlockIsTakenUpAgainOrSaysThatItCannot) {
  const Model model = [](std::int32_t position, std::int32_t iteration) {
    return Guess{position, 0.2f + 0.01f * float((position * 37 + iteration * 11) % 71)};
  };
  const struct {
    CachePolicy cache;
    bool is_block_causal;
    bool can_resume;
  } cases[] = {{NoCache{}, false, true},
               {PrefixCache{}, false, true},
               {DualCache{3}, false, true},
               {VicinityCache{.warmup_steps = 4}, false, true},
               {ActiveCache{.settle = 2}, false, true},
               {BlockCache{}, true, true}};
  for (const auto& [cache, is_block_causal, can_resume] : cases) {
    Vocabulary vocabulary = kVocabulary;
    vocabulary.is_block_causal = is_block_causal;
    DiffusionLoop loop = *DiffusionLoop::create(
        {.block_length = 8, .strategy = Threshold{0.9f}, .cache = cache}, vocabulary,
        Canvas::of_prompt(std::vector{1}, 24, kVocabulary.mask_id));
    std::vector<LoopState> borders{loop.state()};
    while (const auto step = loop.next()) {
      if (loop.apply(answer(*step, model))->finished_block) borders.push_back(loop.state());
    }
    borders.pop_back();  // the end
    for (const LoopState& border : borders) {
      auto again = DiffusionLoop::resume_without_cache(loop.params(), vocabulary, border);
      ASSERT_TRUE(again);
      EXPECT_THAT(again->next()->window.visible, IsEmpty()) << "nothing of it is there";
      run(*again, model);
      EXPECT_EQ(again->canvas().tokens(), loop.canvas().tokens());
      EXPECT_EQ(again->figures().forwards, loop.figures().forwards);
    }
  }
}

TEST(LoopTest, ABlockWhoseFirstForwardReadsTheCacheCannotBeTakenUpWithoutIt) {
  DiffusionParams params{
      .block_length = 4, .strategy = Threshold{0.5f}, .cache = VicinityCache{.warmup_steps = 0}};
  DiffusionLoop loop = loop_of(params, {1}, 12);
  LoopState border = loop.state();
  border.plan.visible = {0, 13};
  EXPECT_EQ(DiffusionLoop::resume_without_cache(params, kVocabulary, border), std::nullopt);
}

TEST(LoopTest, ALongPromptOfABlockCausalModelComesInPiecesOfWholeBlocks) {
  Vocabulary vocabulary = kVocabulary;
  vocabulary.is_block_causal = true;
  const std::vector<std::int32_t> prompt(22, 1);
  DiffusionLoop loop =
      *DiffusionLoop::create({.block_length = 4, .cache = BlockCache{.max_prefill = 9}}, vocabulary,
                             Canvas::of_prompt(prompt, 6, kVocabulary.mask_id));
  EXPECT_EQ(loop.max_use().num_computed, 13) << "not 28, which a step may have no rows for";
  std::vector<Window> windows;
  while (const auto step = loop.next()) {
    windows.push_back(step->window);
    EXPECT_LE(std::int32_t(step->inputs.size()), loop.max_use().num_computed);
    ASSERT_TRUE(loop.apply(answer(*step, sure)));
  }
  ASSERT_GE(windows.size(), 4u);
  EXPECT_EQ(windows[0].written, (Ranges{{0, 8}}));
  EXPECT_THAT(windows[0].decoded, IsEmpty());
  EXPECT_EQ(windows[1].computed, (Ranges{{8, 16}}));
  EXPECT_EQ(windows[1].visible, (Ranges{{0, 8}}));
  EXPECT_EQ(windows[2].computed, (Ranges{{16, 24}})) << "the rest, and the block that is decoded";
  EXPECT_EQ(windows[2].written, (Ranges{{16, 20}}));
  EXPECT_EQ(windows[2].decoded, (Ranges{{22, 24}}));
}

TEST(LoopTest, APolicySaysHowMuchItKeeps) {
  EXPECT_EQ(loop_of({.cache = NoCache{}}, {1}, 8).max_use().num_cached, 0);
  EXPECT_EQ(loop_of({}, {1}, 8).max_use().num_cached, 0) << "with full attention, none";
  EXPECT_EQ(loop_of({.cache = DualCache{}}, {1}, 8).max_use().num_cached, 9);
}

TEST(LoopTest, BrokenForwardsEndInAnErrorAndChangeNothing) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  DiffusionLoop loop = loop_of({.block_length = 4}, {1}, 4);
  const LoopState before = loop.state();
  for (const float bad : {nan, infinite, -infinite}) {
    for (const bool in_logit : {true, false}) {
      CandidateColumns columns = answer(*loop.next(), sure);
      (in_logit ? columns.logit : columns.log_sum_exp)[2] = bad;
      const auto applied = loop.apply(columns);
      ASSERT_FALSE(applied.has_value());
      EXPECT_EQ(applied.error().code, ErrorCode::kInternal);
      EXPECT_EQ(applied.error().message, "the model's logits at position 3 are not finite numbers");
      EXPECT_EQ(loop.state(), before);
    }
  }
}

TEST(LoopTest, CandidatesThatWereNotAskedForEndInAnError) {
  DiffusionLoop loop = loop_of({.block_length = 4}, {1}, 4);
  const CandidateColumns good = answer(*loop.next(), sure);
  std::vector<CandidateColumns> broken(6, good);
  broken[0].position[0] = 0;
  broken[1] = {};
  broken[2].token.pop_back();
  broken[3].log_sum_exp.push_back(0);
  broken[4].position.push_back(5);
  std::swap(broken[5].position[0], broken[5].position[1]);
  for (const CandidateColumns& columns : broken) {
    EXPECT_EQ(loop.apply(columns).error().code, ErrorCode::kInternal);
  }
  for (const std::int32_t token : {-1, 99, 100, INT32_MAX}) {
    CandidateColumns columns = good;
    columns.token[1] = token;
    EXPECT_THAT(loop.apply(columns).error().message, HasSubstr("may not be chosen"));
  }
  EXPECT_TRUE(loop.apply(good).has_value());
}

TEST(LoopTest, WorkersAreAskedForTheEntropiesThatAStrategyReads) {
  EXPECT_EQ(loop_of({.strategy = Threshold{}}, {1}, 4).next()->statistics, 0u);
  DiffusionLoop loop = loop_of({.block_length = 4, .strategy = EntropyBound{0}}, {}, 4);
  EXPECT_EQ(loop.next()->statistics, kEntropy);
  CandidateColumns columns = answer(*loop.next(), sure);
  columns.entropy = {3, 2, 1, 2};
  EXPECT_THAT(loop.apply(columns)->edits, ElementsAre(Edit{2, 12}));
}

TEST(LoopTest, EntropiesThatDidNotComeOrAreNoNumbersEndInAnError) {
  DiffusionLoop loop = loop_of({.block_length = 4, .strategy = EntropyThreshold{}}, {1}, 4);
  const CandidateColumns good = answer(*loop.next(), sure);
  std::vector<CandidateColumns> broken(3, good);
  broken[0].entropy.clear();
  broken[1].entropy.pop_back();
  broken[2].entropy[3] = std::numeric_limits<float>::quiet_NaN();
  for (const CandidateColumns& columns : broken) {
    EXPECT_EQ(loop.apply(columns).error().code, ErrorCode::kInternal);
  }
  EXPECT_TRUE(loop.apply(good).has_value());
  DiffusionLoop other = loop_of({.block_length = 4, .strategy = Threshold{}}, {1}, 4);
  EXPECT_FALSE(other.apply(good).has_value()) << "nor those that nobody asked for";
}

TEST(LoopTest, WhatHasNoConfidenceIsTakenLastByItsEntropyToo) {
  DiffusionLoop loop = loop_of({.block_length = 3,
                                .strategy = EntropyBound{10},
                                .eot_id = 97,
                                .confidence_eos_eot_inf = true},
                               {}, 3);
  CandidateColumns columns = answer(*loop.next(), sure);
  columns.token = {97, 1, 97};
  columns.entropy = {0, 1, 0};
  EXPECT_THAT(loop.apply(columns)->edits, ElementsAre(Edit{0, 97}, Edit{1, 1}));
}

/// Holes are computed, and what was decided in the last `settle` forwards; no position outside.
TEST(LoopTest, TheWindowsOfAnActiveCacheShrinkAsTheBlockFills) {
  // 4, 5 are decided by the first forward, 6 by the second, 7 by the third, 8, 9 by the last.
  const Model model = [](std::int32_t p, std::int32_t i) {
    return Guess{p, p < 6 || p - 5 <= i ? 0.95f : 0.1f + 0.001f * float(p)};
  };
  const auto computed = [&](std::int32_t settle) {
    DiffusionLoop loop = loop_of({.block_length = 6,
                                  .strategy = FastDllmThreshold{},
                                  .cache = ActiveCache{.settle = settle}},
                                 {1, 2, 3, 4}, 6);
    std::vector<Ranges> all;
    for (const SequenceStep& step : run(loop, model).steps) all.push_back(step.window.computed);
    return all;
  };
  EXPECT_THAT(computed(1), ElementsAre(Ranges{{0, 10}}, Ranges{{4, 10}}, Ranges{{6, 10}},
                                       Ranges{{7, 10}}, Ranges{{8, 10}}));
  EXPECT_THAT(computed(2), ElementsAre(Ranges{{0, 10}}, Ranges{{4, 10}}, Ranges{{4, 10}},
                                       Ranges{{6, 10}}, Ranges{{7, 10}}));
}

TEST(LoopTest, WhatWasGivenInsideABlockSettlesAsIfItWereDecidedBeforeIt) {
  auto canvas = *Canvas::with_holes({0, 1, 2, 3, 4, 5}, {{0, 1}, {2, 3}, {5, 6}}, 99);
  const auto second_window = [&](std::int32_t settle) {
    auto loop = *DiffusionLoop::create(
        {.block_length = 6, .strategy = Threshold{0.9f}, .cache = ActiveCache{.settle = settle}},
        kVocabulary, canvas);
    return run(loop,
               [](std::int32_t p, std::int32_t) {
                 return Guess{p, p == 2 ? 0.95f : 0.1f + 0.01f * float(p)};
               })
        .steps.at(1)
        .window;
  };
  EXPECT_EQ(second_window(1).computed, (Ranges{{0, 1}, {2, 3}, {5, 6}}));
  EXPECT_EQ(second_window(1).written, (Ranges{{0, 1}, {2, 3}, {5, 6}}));
  EXPECT_EQ(second_window(1).decoded, (Ranges{{0, 1}, {5, 6}}));
  EXPECT_EQ(second_window(1).visible, (Ranges{{0, 6}}));
  EXPECT_EQ(second_window(2).computed, (Ranges{{0, 6}}));
}

TEST(LoopTest, AnActiveCacheComputesWhateverAStrategyMayTakeBack) {
  DiffusionLoop loop = loop_of(
      {.block_length = 4, .strategy = HierarchyRemask{}, .cache = ActiveCache{}}, {1, 2}, 4);
  const Model model = [](std::int32_t p, std::int32_t) {
    return Guess{p, 0.5f - 0.01f * float(p)};
  };
  for (const SequenceStep& step : run(loop, model).steps) {
    if (step.phase == Phase::kRefresh) continue;
    EXPECT_EQ(step.window.computed, (Ranges{{2, 6}}));
  }
}

/// Every combination that a reference or a job may run under.
std::vector<DiffusionParams> combinations() {
  std::vector<DiffusionParams> all;
  for (const auto& [driver, compat] : kPresets) {
    for (const Strategy& strategy :
         {Strategy(FixedSteps{1}), Strategy(FixedSteps{3}), Strategy(FixedSteps{64}),
          Strategy(Threshold{0}), Strategy(Threshold{1}), Strategy(Factor{}), Strategy(Hierarchy{}),
          Strategy(HierarchyFastV2{}), Strategy(HierarchyRemask{}), Strategy(FastDllmThreshold{}),
          Strategy(Llada2Schedule{}), Strategy(Llada2Schedule{.steps = 3}),
          Strategy(JointThreshold{}),
          Strategy(JointThreshold{.editing_threshold = 0, .max_post_steps = 3}),
          Strategy(EntropyBound{}), Strategy(EntropyThreshold{}), Strategy(LocalLeap{})}) {
      for (const CachePolicy& cache :
           {CachePolicy(NoCache{}), CachePolicy(PrefixCache{2}), CachePolicy(DualCache{}),
            CachePolicy(VicinityCache{2, 3}), CachePolicy(BlockCache{}), CachePolicy(ActiveCache{}),
            CachePolicy(ActiveCache{.settle = 2, .cache_update_freq = 3})}) {
        for (const bool is_aligned : {false, true}) {
          const DiffusionParams params{
              .block_length = 8,
              .start_block_align = is_aligned,
              .strategy = strategy,
              .credit = is_aligned ? std::optional(Credit{}) : std::nullopt,
              .cache = cache,
              .compat = compat};
          if (!contradiction_in(params, vocabulary_for(params).is_block_causal)) {
            all.push_back(params);
          }
        }
      }
    }
  }
  return all;
}

TEST(LoopPropertyTest, AdversarialCandidatesEndAndPinnedTokensStay) {
  const std::vector<Model> adversaries{
      [](std::int32_t, std::int32_t) {
        return Guess{7, 0.5f};
      },  // all equal
      [](std::int32_t, std::int32_t) {
        return Guess{7, 1e-30f};
      },  // sure of nothing
      [](std::int32_t, std::int32_t) {
        return Guess{99, 1.0f};
      },  // all the mask id
      [](std::int32_t p, std::int32_t i) {
        return Guess{(p + i) % 99, float(1 + p % 3) / 4};
      },
  };
  const std::vector<std::int32_t> prompt{98, 3, 99, 4, 5};
  for (const DiffusionParams& params : combinations()) {
    for (const Model& model : adversaries) {
      const bool is_mask_id = model(0, 0).token == 99;
      if (is_mask_id && !params.compat.may_choose_mask_id) continue;  // an error: tested above
      DiffusionLoop loop = loop_of(params, prompt, 20);
      // Per block: what the strategy may take, what is forced, and what driver and cache add.
      const int limit = 4 * (max_iterations(params.strategy, 8) + 8 + 2 * params.compat.unroll + 4);
      const History seen = run(loop, model, limit);
      EXPECT_TRUE(loop.has_ended())
          << name_of(params.strategy) << ", cache " << params.cache->index() << ", cut "
          << int(params.compat.cut) << ", unroll " << params.compat.unroll << ", aligned "
          << params.start_block_align << ", model " << (&model - adversaries.data());
      EXPECT_THAT(std::vector(loop.canvas().tokens().begin(), loop.canvas().tokens().begin() + 5),
                  testing::ElementsAreArray(prompt));
      EXPECT_TRUE(is_mask_id || edits_decided(params.strategy) || loop.state().num_forced == 0);
    }
  }
}

TEST(LoopPropertyTest, WhoGoesOnAtABlockBorderDecidesWhatWouldHaveBeenDecided) {
  const Model model = [](std::int32_t p, std::int32_t i) {
    return Guess{p, float(1 + (p * 7 + i * 3) % 9) / 10};
  };
  int num_borders = 0;
  for (const DiffusionParams& params : combinations()) {
    DiffusionLoop whole = loop_of(params, {1, 2, 3}, 21);
    const History expected = run(whole, model);
    DiffusionLoop loop = loop_of(params, {1, 2, 3}, 21);
    for (std::size_t done = 1; const auto step = loop.next(); ++done) {
      const auto applied = loop.apply(answer(*step, model));
      ASSERT_TRUE(applied) << applied.error().message;
      if (!applied->finished_block) continue;
      auto again = DiffusionLoop::resume(params, vocabulary_for(params), loop.state());
      const History rest = run(again, model);
      EXPECT_EQ(done + rest.steps.size(), expected.steps.size()) << name_of(params.strategy);
      EXPECT_EQ(again.state(), whole.state()) << name_of(params.strategy);
      ++num_borders;
    }
  }
  EXPECT_GT(num_borders, 1000);
}

TEST(LoopPropertyTest, AStrategyWithoutProgressIsHelpedAndCounted) {
  DiffusionParams params{.block_length = 4, .compat = kBlockwise};
  params.compat.unroll = 1;
  DiffusionLoop loop = loop_of(params, {1}, 4);
  const History seen = run(
      loop,
      [](std::int32_t, std::int32_t) {
        return Guess{99, 0.9f};
      },
      100);
  EXPECT_TRUE(loop.has_ended());
  EXPECT_EQ(loop.state().num_forced, 4);
  EXPECT_EQ(seen.applied.size(), 4u + 4 - 1);  // the last allowed decision is the first forced one
}

std::vector<std::int32_t> positions_of(const Ranges& ranges) {
  std::vector<std::int32_t> positions;
  for (const Range range : ranges) {
    for (std::int32_t p = range.begin; p < range.end; ++p) positions.push_back(p);
  }
  return positions;
}

/// Every computed row sees the same keys then, none of which an earlier forward of the block wrote.
TEST(LoopPropertyTest, AnActiveCacheThatNeverSettlesIsADualCache) {
  const Model model = [](std::int32_t p, std::int32_t i) {
    return Guess{p, float(1 + (p * 7 + i * 3) % 9) / 10};
  };
  int num_compared = 0;
  for (DiffusionParams params : combinations()) {
    if (!std::holds_alternative<DualCache>(*params.cache)) continue;
    for (const std::int32_t freq : {0, 3}) {
      params.cache = DualCache{freq};
      DiffusionLoop dual = loop_of(params, {1, 2, 3}, 21);
      const History expected = run(dual, model);
      params.cache = ActiveCache{.settle = 1 << 20, .cache_update_freq = freq};
      DiffusionLoop active = loop_of(params, {1, 2, 3}, 21);
      const History seen = run(active, model);
      ASSERT_EQ(seen.steps.size(), expected.steps.size());
      for (std::size_t i = 0; i < seen.steps.size(); ++i, ++num_compared) {
        EXPECT_EQ(seen.steps[i].phase, expected.steps[i].phase);
        EXPECT_EQ(seen.steps[i].inputs, expected.steps[i].inputs);
        EXPECT_EQ(seen.steps[i].window.computed, expected.steps[i].window.computed);
        EXPECT_EQ(seen.steps[i].window.visible, expected.steps[i].window.visible);
        EXPECT_EQ(seen.steps[i].window.decoded, expected.steps[i].window.decoded);
      }
      EXPECT_EQ(active.canvas(), dual.canvas());
    }
  }
  EXPECT_GT(num_compared, 1000);
}

TEST(LoopPropertyTest, EveryWindowIsSoundAndWritesOnlyWhatItComputes) {
  for (const DiffusionParams& params : combinations()) {
    DiffusionLoop loop = loop_of(params, {1, 2, 3}, 21);
    const History seen = run(loop, [](std::int32_t p, std::int32_t i) {
      return Guess{p, float(1 + (p * 7 + i) % 9) / 10};
    });
    for (const SequenceStep& step : seen.steps) {
      const bool is_active = std::holds_alternative<ActiveCache>(*params.cache);
      ASSERT_TRUE(step.window.computed.size() == 1 || (is_active && !step.window.computed.empty()));
      const std::vector<std::int32_t> computed = positions_of(step.window.computed);
      EXPECT_EQ(step.inputs.size(), computed.size());
      EXPECT_TRUE(std::ranges::includes(computed, positions_of(step.window.decoded)));
      EXPECT_TRUE(std::ranges::includes(computed, positions_of(step.window.written)));
      if (std::holds_alternative<BlockCache>(*params.cache)) continue;
      if (is_active) {
        EXPECT_EQ(step.window.written, step.window.computed);
        continue;
      }
      EXPECT_TRUE(step.window.written.empty() || step.window.written == step.window.computed);
      EXPECT_EQ(step.phase == Phase::kRefresh, !step.window.written.empty());
    }
  }
}

}  // namespace
}  // namespace unmask::diffusion
