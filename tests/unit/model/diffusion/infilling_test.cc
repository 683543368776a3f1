#include <gmock/gmock.h>

#include <algorithm>
#include <string>

#include "model/diffusion/alternatives.h"
#include "model/diffusion/answer.h"
#include "model/diffusion/job_params.h"
#include "runtime/base/rng.h"
#include "tests/unit/model/diffusion/played_loop.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int32_t kRunEnd = 98;

DiffusionLoop infilling(const DiffusionParams& params, std::vector<std::int32_t> tokens,
                        const Ranges& holes) {
  return *DiffusionLoop::create(params, vocabulary_for(params),
                                *Canvas::with_holes(std::move(tokens), holes, 99));
}

/// EOS at one position, a sure token elsewhere.
Model eos_at(std::int32_t eos) {
  return [eos](std::int32_t position, std::int32_t) {
    return Guess{position == eos ? kRunEnd : 10 + position, 0.99f};
  };
}

TEST(InfillingTest, AnEosFillsTheRestOfItsRunAndTheJobGoesOn) {
  DiffusionLoop loop = infilling({.block_length = 8}, {0, 1, 2, 3, 4, 5, 6, 7}, {{1, 4}, {5, 7}});
  const History seen = run(loop, eos_at(2));
  EXPECT_THAT(loop.canvas().tokens(), ElementsAre(0, 11, kRunEnd, kRunEnd, 4, 15, 16, 7));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(0, 11, 4, 15, 16, 7));
  EXPECT_THAT(loop.generated_tokens(), ElementsAre(11, 15, 16));
  EXPECT_EQ(loop.figures().tokens, 3);
  EXPECT_EQ(seen.applied.back().ending, Ending::kStop);
}

TEST(InfillingTest, ARunThatEndsDoesNotWaitForItsOtherHoles) {
  DiffusionLoop loop = infilling({.block_length = 8}, {0, 1, 2, 3, 4, 5, 6, 7}, {{1, 4}, {5, 7}});
  const History seen = run(loop, [](std::int32_t position, std::int32_t iteration) {
    const bool is_sure = position < 2 || iteration > 0;
    return Guess{position == 1 ? kRunEnd : 10 + position, is_sure ? 0.99f : 0.2f};
  });
  ASSERT_EQ(seen.applied.size(), 2u);
  EXPECT_THAT(seen.applied[0].edits,
              ElementsAre(Edit{1, kRunEnd}, Edit{2, kRunEnd}, Edit{3, kRunEnd}));
  EXPECT_FALSE(seen.applied[0].finished_block);
  EXPECT_THAT(seen.steps[1].window.decoded, ElementsAre(Range{5, 7}));
}

TEST(InfillingTest, ARunThatEndsInABlockIsFilledInLaterBlocksToo) {
  DiffusionLoop loop =
      infilling({.block_length = 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {{0, 7}, {8, 9}});
  const History seen = run(loop, eos_at(1));
  ASSERT_EQ(seen.applied.size(), 2u) << "blocks without a hole are passed over";
  EXPECT_EQ(seen.applied[0].finished_block, (FinishedBlock{0, {0, 2}}));
  EXPECT_EQ(seen.applied[0].eos_fill, std::nullopt);
  EXPECT_EQ(seen.applied[0].ending, std::nullopt);
  EXPECT_EQ(seen.applied[1].finished_block, (FinishedBlock{1, {8, 10}}));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(10, 7, 18, 9));
}

TEST(InfillingTest, AnEosInARunThatNothingFollowsEndsTheJob) {
  DiffusionLoop loop = infilling({.block_length = 2}, {0, 1, 2, 3, 4, 5, 6, 7}, {{0, 1}, {2, 8}});
  const History seen = run(loop, eos_at(3));
  EXPECT_EQ(seen.applied.back().ending, Ending::kStop);
  EXPECT_THAT(loop.canvas().holes(loop.canvas().whole()), ElementsAre(Range{4, 8}));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(10, 1, 12));
}

TEST(InfillingTest, AnEosThatIsGivenEndsNothing) {
  for (const Preset& preset : kPresets) {
    if (preset.compat.needs_block_causal) continue;
    DiffusionParams params{.block_length = 4, .start_block_align = true, .compat = preset.compat};
    params.compat.early_stop = true;
    DiffusionLoop loop = infilling(params, {kRunEnd, 1, kRunEnd, 3, kRunEnd, 5, 6, kRunEnd},
                                   {{1, 2}, {3, 4}, {5, 7}});
    run(loop, sure);
    EXPECT_THAT(loop.final_tokens(),
                ElementsAre(kRunEnd, 11, kRunEnd, 13, kRunEnd, 15, 16, kRunEnd))
        << preset.driver;
  }
}

TEST(InfillingTest, WithoutEarlyStopARunIsFilledBehindItsEosAndItsAnswerCut) {
  DiffusionParams params{.block_length = 8};
  params.compat.early_stop = false;
  DiffusionLoop loop = infilling(params, {0, 1, 2, 3, 4}, {{0, 3}, {4, 5}});
  run(loop, eos_at(1));
  EXPECT_THAT(loop.canvas().tokens(), ElementsAre(10, kRunEnd, 12, 3, 14));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(10, 3, 14));
}

TEST(InfillingTest, ABlockCausalModelFillsHolesThatTextOfTheirBlockFollows) {
  DiffusionParams params{.block_length = 4, .cache = BlockCache{}};
  DiffusionLoop loop = infilling(params, {0, 1, 2, 3, 4, 5, 6, 7}, {{1, 3}, {4, 8}});
  const History seen = run(loop, eos_at(1));
  EXPECT_THAT(loop.final_tokens(), ElementsAre(0, 3, 14, 15, 16, 17));
  for (const SequenceStep& step : seen.steps) {
    EXPECT_EQ(step.window.computed.back().end % 4, 0) << "the text behind is seen";
  }
}

// ---- Whoever decides ----

DiffusionParams params_for(std::string_view driver, std::string_view strategy,
                           std::string_view cache, bool early_stop) {
  const std::vector<NamedValue> values{{"driver", std::string(driver)},
                                       {"strategy", std::string(strategy)},
                                       {"cache", std::string(cache)},
                                       {"early_stop", early_stop ? "true" : "false"}};
  auto params = parse_job_params(values);
  EXPECT_TRUE(params) << params.error().message;
  return *params;
}

struct Drawn {
  std::vector<std::int32_t> tokens;
  Ranges holes;
};

Drawn draw_canvas(Rng& rng) {
  Drawn drawn;
  const int num_runs = 1 + int(rng.below(4));
  const auto give = [&](std::uint64_t count) {
    for (; count > 0; --count) drawn.tokens.push_back(std::int32_t(rng.below(99)));  // EOS, too
  };
  give(rng.below(6));
  for (int i = 0; i < num_runs; ++i) {
    const auto begin = std::int32_t(drawn.tokens.size());
    drawn.tokens.resize(drawn.tokens.size() + 1 + rng.below(9), 0);
    drawn.holes.push_back({begin, std::int32_t(drawn.tokens.size())});
    give(i + 1 < num_runs ? 1 + rng.below(5) : rng.below(5));
  }
  return drawn;
}

Model random_model(std::uint64_t seed) {
  return [seed](std::int32_t position, std::int32_t iteration) {
    Rng rng(seed, std::uint64_t(position) << 32 | std::uint64_t(iteration));
    const bool is_eos = rng.chance(0.15);
    return Guess{is_eos ? kRunEnd : std::int32_t(rng.below(98)),
                 0.2f + 0.79f * float(rng.uniform())};
  };
}

void expect_filled(const DiffusionLoop& loop, const Drawn& drawn, const std::string& what) {
  const Canvas& canvas = loop.canvas();
  for (std::int32_t p = 0; p < std::int32_t(drawn.tokens.size()); ++p) {
    const bool is_given = std::ranges::none_of(
        drawn.holes, [p](Range hole) { return p >= hole.begin && p < hole.end; });
    if (is_given) {
      ASSERT_EQ(canvas.token(p), drawn.tokens[std::size_t(p)]) << what << " at " << p;
    }
  }
  // Only behind the EOS of a run that nothing follows may a hole stay.
  for (const Range hole : canvas.holes(canvas.whole())) {
    ASSERT_TRUE(canvas.find_generated(kRunEnd, overlap(canvas.tail(), {0, hole.begin}))) << what;
  }
}

TEST(InfillingTest, WhatIsGivenNeverChangesWhoeverDecides) {
  Rng rng(11, 0);
  int num_runs = 0;
  for (const Preset& preset : kPresets) {
    for (const std::string_view strategy : names_of<Strategy>()) {
      for (const std::string_view cache : names_of<CachePolicy>()) {
        for (int i = 0; i < 6; ++i) {
          const bool early_stop = rng.chance(0.7);
          DiffusionParams params = params_for(preset.driver, strategy, cache, early_stop);
          params.block_length = 1 + std::int32_t(rng.below(12));
          params.start_block_align = rng.chance(0.5);
          const Drawn drawn = draw_canvas(rng);
          auto loop = DiffusionLoop::create(params, vocabulary_for(params),
                                            *Canvas::with_holes(drawn.tokens, drawn.holes, 99));
          if (!loop) continue;  // the attention does not suit
          const std::string what = std::string(preset.driver) + ", " + std::string(strategy) +
                                   ", " + std::string(cache) + ", " + std::to_string(i);
          run(*loop, random_model(rng.below(1000)));
          ASSERT_TRUE(loop->has_ended()) << what;
          expect_filled(*loop, drawn, what);
          if (testing::Test::HasFatalFailure()) return;
          ++num_runs;
        }
      }
    }
  }
  EXPECT_GT(num_runs, 1000);
}

}  // namespace
}  // namespace unmask::diffusion
