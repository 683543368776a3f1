#include "model/diffusion/answer.h"

#include <gmock/gmock.h>

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;

constexpr std::int32_t kAnswerEos = 98;

TEST(AnswerTest, EachRunEndsBeforeItsFirstEos) {
  // given 1, holes, given 5, holes, given 9
  const auto canvas =
      *Canvas::restore({1, 10, kAnswerEos, 11, 5, 12, 13, kAnswerEos, 9}, {}, {{1, 4}, {5, 8}}, 99);
  EXPECT_THAT(answer_ranges(canvas, kAnswerEos, canvas.size()),
              ElementsAre(Range{1, 2}, Range{5, 7}));
  EXPECT_THAT(answer_ranges(canvas, -1, canvas.size()), ElementsAre(Range{1, 4}, Range{5, 8}));
  EXPECT_THAT(answer_ranges(canvas, kAnswerEos, 6), ElementsAre(Range{1, 2}, Range{5, 6}));
}

TEST(AnswerTest, ARunThatBeginsWithAnEosHasNoAnswer) {
  const auto canvas = *Canvas::restore({kAnswerEos, 1, kAnswerEos, 2}, {}, {{0, 1}, {2, 4}}, 99);
  EXPECT_THAT(answer_ranges(canvas, kAnswerEos, canvas.size()), ElementsAre());
}

TEST(AnswerTest, OverlapIsEmptyWhereRangesDoNotMeet) {
  EXPECT_EQ(overlap({1, 5}, {3, 9}), (Range{3, 5}));
  EXPECT_EQ(overlap({1, 3}, {5, 9}).size(), 0);
}

}  // namespace
}  // namespace unmask::diffusion
