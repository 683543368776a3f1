#include "model/diffusion/loop_bytes.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/played_loop.h"

namespace unmask::diffusion {
namespace {

using testing::HasSubstr;

Guess wavering(std::int32_t position, std::int32_t iteration) {
  return {position, float(1 + (position * 7 + iteration * 3) % 9) / 10};
}

/// Every kind of state that a loop may have.
std::vector<DiffusionParams> kinds() {
  return {
      {.block_length = 4, .strategy = FixedSteps{3}, .credit = Credit{}, .cache = VicinityCache{}},
      {.block_length = 4,
       .start_block_align = true,
       .strategy = HierarchyRemask{},
       .cache = PrefixCache{2},
       .temperature = 0.7f,
       .top_k = 5,
       .top_p = 0.3f,
       .seed = 1'000'000'000'001},
      {.block_length = 4, .strategy = JointThreshold{}, .cache = BlockCache{}},
      {.block_length = 4, .smoothing = Smoothing{}, .cache = ActiveCache{}},
      {.block_length = 4, .cache = NoCache{}, .cfg_scale = 0.1f},
  };
}

TEST(LoopBytesTest, ALoopIsWhatItWasAtEveryForward) {
  for (const DiffusionParams& params : kinds()) {
    DiffusionLoop loop = loop_of(params, {98, 3, 4}, 11);
    while (const auto step = loop.next()) {
      const Result<DiffusionLoop> again = loop_from(bytes_of(loop));
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(again->state(), loop.state()) << name_of(params.strategy);
      EXPECT_EQ(again->params(), loop.params());
      EXPECT_EQ(again->vocabulary(), loop.vocabulary());
      ASSERT_TRUE(loop.apply(answer(*step, wavering)));
    }
  }
}

TEST(LoopBytesTest, RulesOfHolesComeAlong) {
  HoleRules rules{.never_chosen = {3, 5}, .choices = {{{4, 6}, {1, 2, 7, 8}}}};
  auto canvas = *Canvas::with_holes({0, 0, 0, 9, 0, 0, 9}, {{1, 3}, {4, 6}}, kVocabulary.mask_id);
  DiffusionLoop loop = *DiffusionLoop::create({.block_length = 4}, kVocabulary, canvas, rules);
  EXPECT_EQ(loop_from(bytes_of(loop))->state(), loop.state());
}

TEST(LoopBytesTest, BytesThatEndEarlyOrGoOnAreNoLoop) {
  DiffusionLoop loop = loop_of(kinds().front(), {98, 3, 4}, 11);
  ASSERT_TRUE(loop.apply(answer(*loop.next(), wavering)));
  Bytes bytes = bytes_of(loop);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(loop_from(ByteView(bytes).first(size))) << size;
  }
  bytes.push_back({});
  EXPECT_THAT(loop_from(bytes).error().message, HasSubstr("damaged"));
}

/// Whatever stands there: an error, or a loop whose next forward can be asked for.
TEST(LoopBytesTest, DamagedBytesAreNoLoopOrOneThatCanBeAsked) {
  for (const DiffusionParams& params : kinds()) {
    DiffusionLoop loop = loop_of(params, {98, 3, 4}, 11);
    ASSERT_TRUE(loop.apply(answer(*loop.next(), wavering)));
    const Bytes bytes = bytes_of(loop);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
        Bytes damaged = bytes;
        damaged[i] ^= std::byte(flip);
        const Result<DiffusionLoop> read = loop_from(damaged);
        EXPECT_TRUE(!read || read->next().has_value());
      }
    }
  }
}

}  // namespace
}  // namespace unmask::diffusion
