#include "runtime/cli/job/canvas_view.h"

#include <gmock/gmock.h>

#include "tests/unit/runtime/cli/committed.h"
#include "tests/unit/runtime/cli/job/screen.h"

namespace unmask::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

Terminal terminal(int width, int height) {
  return {.is_terminal = true, .has_color = false, .width = width, .height = height};
}

using Cells = std::vector<actors::Frame::Cell>;

const actors::Frame::Cell kHole;

actors::Frame frame(Range positions, Cells cells) {
  actors::Frame frame;
  frame.positions = positions;
  frame.cells = std::move(cells);
  return frame;
}

actors::Frame::Cell cell(std::string text, float confidence = 1) {
  return {1, false, confidence, std::move(text)};
}

TEST(CanvasViewTest, ABlockIsShownAsHolesThatFillIn) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(frame({5, 8}, {})));
  EXPECT_EQ(screen.text(), "░░░\n");
  screen.write(view.show(frame({5, 8}, {kHole, cell(" cat", 0.9f), kHole})));
  EXPECT_EQ(screen.text(), "░ cat░\n");
  screen.write(view.show(frame({5, 8}, {cell("The", 0.5f), kHole, {17, true, 0.2f, " dog"}})));
  EXPECT_EQ(screen.text(), "The░░\n");
}

TEST(CanvasViewTest, ATerminalThatChangesItsSizeKeepsNoOldLine) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(committed("The beginning stays.\nAnd then: ")));
  for (const int width : {40, 23, 11, 60, 5, 31, 32, 80}) {
    screen.resize(width, 10);
    view.resize(width, 10);
    for (int i = 0; i < 3; ++i) screen.write(view.show(frame({5, 30}, {})));
    std::string text;
    for (const std::string& line : screen.lines()) text += line;
    EXPECT_THAT(text, testing::StartsWith("The beginning stays.And then: ░░░")) << width;
    std::size_t num_holes = 0;
    for (std::size_t at = 0; (at = text.find("░", at)) != std::string::npos; at += 3) ++num_holes;
    EXPECT_EQ(num_holes, 25u) << width;
  }
}

TEST(CanvasViewTest, WhatStandsThereWhenNothingMoreComesStays) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  EXPECT_EQ(CanvasView(terminal(40, 10)).abandon(), "");
  screen.write(view.show(committed("The ")));
  screen.write(view.show(frame({5, 8}, {kHole, cell(" cat", 0.9f), kHole})));
  screen.write(view.abandon());
  EXPECT_EQ(screen.text(), "The ░ cat░\n\n");
}

TEST(CanvasViewTest, WhatIsDrawnAgainIsNeverGoneMeanwhile) {
  CanvasView view(terminal(5, 10));
  const actors::Frame twice = frame({0, 3}, {cell("abc"), cell("d\n"), cell("e")});
  (void)view.show(twice);
  // Each line is cleared behind its text.
  EXPECT_EQ(view.show(twice), "\r\x1b[1Aabcd\x1b[K\r\ne\x1b[J");
  Screen screen(5, 10);
  CanvasView full(terminal(5, 10));
  for (int i = 0; i < 2; ++i)
    screen.write(full.show(frame({0, 2}, {cell("abcde"), cell("fghij")})));
  EXPECT_EQ(screen.text(), "abcde\nfghij\n");
}

TEST(CanvasViewTest, AControlTokenIsADot) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(frame({0, 3}, {cell("a"), cell("<|endoftext|>")})));
  EXPECT_EQ(screen.text(), "a·░\n");
}

TEST(CanvasViewTest, AFinishedBlockIsTextBeforeTheNextOnesCells) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(frame({0, 2}, {})));
  screen.write(view.show(committed("The cat")));
  screen.write(view.show(frame({2, 4}, {})));
  EXPECT_EQ(screen.text(), "The cat░░\n");
  screen.write(view.finish());
  EXPECT_EQ(screen.text(), "The cat\n\n");
}

TEST(CanvasViewTest, LinesThatAreOutAreNotTouchedAgain) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(committed("one\ntwo\nthr")));
  const std::string next = view.show(frame({0, 1}, {cell("ee")}));
  EXPECT_THAT(next, Not(HasSubstr("two")));
  screen.write(next);
  EXPECT_EQ(screen.text(), "one\ntwo\nthree\n");
}

TEST(CanvasViewTest, OfABlockTallerThanTheTerminalTheEndIsShownAndTheTextIsWholeInTheEnd) {
  Screen screen(20, 3);
  CanvasView view(terminal(20, 3));
  std::string text;
  Cells cells;
  for (std::int32_t i = 0; i < 10; ++i) {
    const std::string word = "word-number-" + std::to_string(10 + i) + " 34567";  // 20 columns
    text += word;
    cells.push_back(cell(word));
  }
  for (int i = 0; i < 5; ++i) screen.write(view.show(frame({0, 10}, cells)));
  EXPECT_EQ(screen.lines().size(), 3u);
  screen.write(view.show(committed(text)));
  screen.write(view.show(frame({10, 11}, {})));
  screen.write(view.show(committed("!")));
  screen.write(view.finish());
  ASSERT_EQ(screen.lines().size(), 12u);
  EXPECT_EQ(screen.lines()[0], "word-number-10 34567");
  EXPECT_EQ(screen.lines()[9], "word-number-19 34567");
  EXPECT_EQ(screen.lines()[10], "!");
}

TEST(CanvasViewTest, WideCharactersWrapWhereTheTerminalWrapsThem) {
  Screen screen(21, 10);
  CanvasView view(terminal(21, 10));
  std::string text;
  for (int i = 0; i < 15; ++i) text += "世";
  screen.write(view.show(frame({0, 1}, {cell(text)})));
  screen.write(view.show(frame({0, 1}, {cell(text + "!")})));
  EXPECT_EQ(screen.text(), "世世世世世世世世世世\n世世世世世!\n");
}

TEST(CanvasViewTest, ATextCannotCommandTheTerminal) {
  CanvasView view(terminal(40, 10));
  EXPECT_THAT(view.show(committed("a\x1b[31mb")), HasSubstr("a [31mb"));
}

TEST(CanvasViewTest, WithoutColorThereIsNone) {
  CanvasView plain(terminal(40, 10));
  EXPECT_THAT(plain.show(frame({0, 1}, {cell("x")})), Not(HasSubstr("m")));
  Terminal colored = terminal(40, 10);
  colored.has_color = true;
  EXPECT_THAT(CanvasView(colored).show(frame({0, 1}, {cell("x")})),
              HasSubstr("\x1b[1;32mx\x1b[0m"));
}

TEST(CanvasViewTest, WhatNobodyWasAskedAboutAgainStaysAsSureAsItWas) {
  Terminal colored = terminal(40, 10);
  colored.has_color = true;
  CanvasView view(colored);
  EXPECT_THAT(view.show(frame({0, 1}, {cell("x", 0.2f)})), HasSubstr("\x1b[33mx"));
  EXPECT_THAT(view.show(frame({0, 1}, {cell("x", actors::Frame::kUnknown)})),
              HasSubstr("\x1b[33mx"));
}

TEST(CanvasViewTest, CellsBeyondTheBlockAreNotDrawn) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(frame({5, 6}, {kHole, cell("y")})));
  EXPECT_EQ(screen.text(), "░\n");
}

}  // namespace
}  // namespace unmask::cli
