#include "runtime/base/utf8.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

Utf8Part part(std::string_view text) { return first_utf8_part(text); }

TEST(Utf8Test, WholeCharactersAreWhole) {
  for (const std::string_view text : {"a", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000",
                                      "\uffff", "\U00010000", "\U0010ffff"}) {
    EXPECT_TRUE(part(text).is_whole()) << text;
    EXPECT_EQ(part(text).length, text.size()) << text;
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8Test, ACharacterThatBreaksOffKnowsWhatItNeeds) {
  EXPECT_EQ(part("\xf0\x9f\x98").length, 3u);
  EXPECT_EQ(part("\xf0\x9f\x98").needed, 4u);
  EXPECT_EQ(part("\xe4z").length, 1u);
  EXPECT_EQ(part("\xe4z").needed, 3u);
  EXPECT_FALSE(is_utf8("\xf0\x9f\x98"));
  EXPECT_FALSE(is_utf8("\xe4z"));
}

TEST(Utf8Test, WhatBeginsNoCharacterNeedsNothing) {
  for (const std::string_view text : {"\x80", "\xbf", "\xc0", "\xc1", "\xf5", "\xff"}) {
    EXPECT_EQ(part(text).length, 1u);
    EXPECT_EQ(part(text).needed, 0u);
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8Test, OverlongFormsSurrogatesAndWhatIsBeyondUnicodeAreNotUtf8) {
  for (const std::string_view text :
       {"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80"}) {
    EXPECT_EQ(part(text).length, 1u);
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8Test, ATextIsAsGoodAsItsWorstCharacter) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\u00e9\u4f60\U0001f600"));
  EXPECT_FALSE(is_utf8("a\u00e9\xffz"));
}

}  // namespace
}  // namespace unmask
