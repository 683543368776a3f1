#include "runtime/cli/text/characters.h"

#include <gtest/gtest.h>

namespace unmask::cli {
namespace {

Character first_of(std::string_view text) { return take_character(text); }

TEST(CharactersTest, AreTakenOneByOneWithTheirColumns) {
  std::string_view text = "a\u00e9\u4e16\U0001f600\u0301";
  for (const int columns : {1, 1, 2, 2, 0}) EXPECT_EQ(take_character(text).columns, columns);
  EXPECT_TRUE(text.empty());
}

TEST(CharactersTest, WhatCommandsATerminalIsASpace) {
  EXPECT_EQ(first_of("\x1b[2J").bytes, " ");
  EXPECT_EQ(first_of("\x7f").bytes, " ");
  EXPECT_EQ(first_of("\u009b").bytes, " ");  // the one-character form of ESC [
  EXPECT_EQ(first_of("\n").bytes, "\n");
}

TEST(CharactersTest, WhatIsNoUtf8IsReplacedByteByByte) {
  std::string_view text = "\xc3(\xe4\xb8";
  EXPECT_EQ(take_character(text).bytes, "\ufffd");
  EXPECT_EQ(take_character(text).bytes, "(");
  EXPECT_EQ(take_character(text).bytes, "\ufffd");
  EXPECT_EQ(take_character(text).bytes, "\ufffd");
  EXPECT_TRUE(text.empty());
}

TEST(CharactersTest, PrintableLinesKeepTheirNewlines) {
  EXPECT_EQ(printable_lines("a\n\x1b[2Jb\n"), "a\n [2Jb\n");
}

TEST(CharactersTest, PrintableIsOneLine) {
  EXPECT_EQ(printable("no file 'a\nb\x1b[31m'"), "no file 'a b [31m'");
}

}  // namespace
}  // namespace unmask::cli
