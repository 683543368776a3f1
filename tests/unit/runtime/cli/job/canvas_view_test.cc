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

actors::Frame frame(Range positions, std::vector<actors::Frame::Change> changes) {
  actors::Frame frame;
  frame.positions = positions;
  frame.changes = std::move(changes);
  return frame;
}

TEST(CanvasViewTest, ABlockIsShownAsHolesThatFillIn) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(frame({5, 8}, {})));
  EXPECT_EQ(screen.text(), "░░░\n");
  screen.write(view.show(frame({5, 8}, {{6, 17, 0.9f, " cat"}})));
  EXPECT_EQ(screen.text(), "░ cat░\n");
  screen.write(view.show(frame({5, 8}, {{6, -1, 0, ""}, {5, 3, 0.5f, "The"}})));
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
  screen.write(view.show(frame({5, 8}, {{6, 17, 0.9f, " cat"}})));
  screen.write(view.abandon());
  EXPECT_EQ(screen.text(), "The ░ cat░\n\n");
}

TEST(CanvasViewTest, AControlTokenIsADot) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(frame({0, 3}, {{0, 1, 1, "a"}, {1, 2, 1, "<|endoftext|>"}})));
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
  const std::string next = view.show(frame({0, 1}, {{0, 1, 1, "ee"}}));
  EXPECT_THAT(next, Not(HasSubstr("two")));
  screen.write(next);
  EXPECT_EQ(screen.text(), "one\ntwo\nthree\n");
}

TEST(CanvasViewTest, OfABlockTallerThanTheTerminalTheEndIsShownAndTheTextIsWholeInTheEnd) {
  Screen screen(20, 3);
  CanvasView view(terminal(20, 3));
  std::string text;
  std::vector<actors::Frame::Change> changes;
  for (std::int32_t i = 0; i < 10; ++i) {
    const std::string word = "word-number-" + std::to_string(10 + i) + " 34567";  // 20 columns
    text += word;
    changes.push_back({i, i, 1, word});
  }
  for (int i = 0; i < 5; ++i) screen.write(view.show(frame({0, 10}, changes)));
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
  screen.write(view.show(frame({0, 1}, {{0, 1, 1, text}})));
  screen.write(view.show(frame({0, 1}, {{0, 1, 1, text + "!"}})));
  EXPECT_EQ(screen.text(), "世世世世世世世世世世\n世世世世世!\n");
}

TEST(CanvasViewTest, ATextCannotCommandTheTerminal) {
  CanvasView view(terminal(40, 10));
  EXPECT_THAT(view.show(committed("a\x1b[31mb")), HasSubstr("a [31mb"));
}

TEST(CanvasViewTest, WithoutColorThereIsNone) {
  CanvasView plain(terminal(40, 10));
  EXPECT_THAT(plain.show(frame({0, 1}, {{0, 1, 1, "x"}})), Not(HasSubstr("m")));
  Terminal colored = terminal(40, 10);
  colored.has_color = true;
  EXPECT_THAT(CanvasView(colored).show(frame({0, 1}, {{0, 1, 1, "x"}})),
              HasSubstr("\x1b[1;32mx\x1b[0m"));
}

TEST(CanvasViewTest, ChangesOutsideTheBlockAreNotDrawn) {
  Screen screen(40, 10);
  CanvasView view(terminal(40, 10));
  screen.write(view.show(frame({5, 6}, {{4, 1, 1, "x"}, {6, 1, 1, "y"}})));
  EXPECT_EQ(screen.text(), "░\n");
}

}  // namespace
}  // namespace unmask::cli
