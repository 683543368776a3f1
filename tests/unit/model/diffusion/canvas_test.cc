#include "model/diffusion/canvas.h"

#include <gmock/gmock.h>

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int32_t kMask = 99;

TEST(CanvasTest, PromptIsPinnedAndTheRestAreHoles) {
  const std::vector<std::int32_t> prompt{1, kMask, 3};
  const Canvas canvas = Canvas::of_prompt(prompt, 2, kMask);
  EXPECT_THAT(canvas.tokens(), ElementsAre(1, kMask, 3, kMask, kMask));
  EXPECT_THAT(canvas.holes(canvas.whole()), ElementsAre(Range{3, 5}));
  EXPECT_EQ(canvas.num_pinned(), 3);
  EXPECT_EQ(canvas.first_hole(), 3);
}

TEST(CanvasTest, MoreHolesAtTheEndAreHolesLikeAnyOther) {
  Canvas canvas = Canvas::of_prompt(std::vector<std::int32_t>{1}, 1, kMask);
  canvas.extend(2);
  EXPECT_EQ(canvas, Canvas::of_prompt(std::vector<std::int32_t>{1}, 3, kMask));
  canvas.extend(0);
  EXPECT_EQ(canvas.size(), 4);
}

TEST(CanvasTest, AMaskIdInThePromptIsNoHole) {
  const std::vector<std::int32_t> prompt{kMask};
  const Canvas canvas = Canvas::of_prompt(prompt, 1, kMask);
  EXPECT_FALSE(canvas.is_hole(0));
  EXPECT_TRUE(canvas.is_pinned(0));
}

TEST(CanvasTest, AHoleMayBeFilledWithTheMaskIdAndIsAHoleNoMore) {
  Canvas canvas = Canvas::of_prompt({}, 1, kMask);
  EXPECT_TRUE(canvas.apply({0, kMask}));
  EXPECT_FALSE(canvas.is_hole(0));
  EXPECT_TRUE(canvas.apply({0, kHole}));
  EXPECT_TRUE(canvas.is_hole(0));
  EXPECT_FALSE(canvas.apply({0, kHole}));
}

TEST(CanvasTest, InfillingPinsEverythingThatIsNotAHole) {
  const auto canvas = Canvas::with_holes({1, 2, 3, 4, 5, 6}, {{1, 2}, {3, 5}}, kMask);
  ASSERT_TRUE(canvas.has_value());
  EXPECT_THAT(canvas->tokens(), ElementsAre(1, kMask, 3, kMask, kMask, 6));
  EXPECT_THAT(canvas->generated(), ElementsAre(Range{1, 2}, Range{3, 5}));
  EXPECT_EQ(canvas->num_holes({0, 4}), 2);
}

TEST(CanvasTest, HolesThatDoNotFitAreRefused) {
  for (const Ranges& holes :
       {Ranges{{-1, 1}}, Ranges{{0, 4}}, Ranges{{1, 1}}, Ranges{{2, 1}}, Ranges{{1, 2}, {1, 3}},
        Ranges{{2, 3}, {0, 1}}, Ranges{{INT32_MAX - 1, INT32_MAX}}}) {
    const auto canvas = Canvas::with_holes({1, 2, 3}, holes, kMask);
    ASSERT_FALSE(canvas.has_value());
    EXPECT_THAT(canvas.error().message, HasSubstr("outside the canvas of 3 positions"));
  }
}

TEST(CanvasTest, RestoredCanvasIsTheSame) {
  Canvas canvas = Canvas::of_prompt(std::vector<std::int32_t>{1, 2}, 3, kMask);
  canvas.apply({3, 7});
  const auto restored =
      Canvas::restore(canvas.tokens(), canvas.holes(canvas.whole()), canvas.generated(), kMask);
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(*restored, canvas);
  EXPECT_FALSE(Canvas::restore({1, 2}, {{0, 1}}, {{1, 2}}, kMask).has_value());
}

TEST(CanvasTest, FindsOnlyGeneratedTokens) {
  Canvas canvas = Canvas::of_prompt(std::vector<std::int32_t>{5, 5}, 3, kMask);
  EXPECT_EQ(canvas.find_generated(5, canvas.whole()), std::nullopt);
  canvas.apply({3, 5});
  EXPECT_EQ(canvas.find_generated(5, canvas.whole()), 3);
  EXPECT_EQ(canvas.find_generated(kMask, canvas.whole()), std::nullopt);
}

TEST(CanvasDeathTest, EditOfAPinnedPositionIsABug) {
  Canvas canvas = Canvas::of_prompt(std::vector<std::int32_t>{5}, 1, kMask);
  EXPECT_DEATH(canvas.apply({0, 1}), "check failed");
}

TEST(BlockGridTest, BlocksStartAtThePromptsEndAndTheLastMayBeShort) {
  const Canvas canvas = Canvas::of_prompt(std::vector<std::int32_t>(5, 1), 10, kMask);
  const BlockGrid grid = block_grid(canvas, 4, false);
  EXPECT_EQ(grid.block_at(5), (Range{5, 9}));
  EXPECT_EQ(grid.block_at(9), (Range{9, 13}));
  EXPECT_EQ(grid.block_at(14), (Range{13, 15}));
}

TEST(BlockGridTest, AlignedBlocksStartAtAMultipleOfTheLength) {
  const Canvas canvas = Canvas::of_prompt(std::vector<std::int32_t>(5, 1), 10, kMask);
  EXPECT_EQ(block_grid(canvas, 4, true).block_at(5), (Range{4, 8}));
  const Canvas even = Canvas::of_prompt(std::vector<std::int32_t>(8, 1), 10, kMask);
  EXPECT_EQ(block_grid(even, 4, true).block_at(8), (Range{8, 12}));
}

TEST(BlockGridTest, ABlockLongerThanTheCanvasIsCut) {
  const Canvas canvas = Canvas::of_prompt({}, 3, kMask);
  EXPECT_EQ(block_grid(canvas, INT32_MAX, false).block_at(2), (Range{0, 3}));
}

}  // namespace
}  // namespace unmask::diffusion
