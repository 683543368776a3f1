#include "model/tokenizer/text_decoder.h"

#include <gmock/gmock.h>

#include "runtime/base/utf8.h"
#include "tests/unit/model/tokenizer/small_tokenizer.h"

namespace unmask::tokenizer {
namespace {

/// What comes out after each of `pieces`, and at the end.
std::vector<std::string> texts(const std::vector<std::string_view>& pieces) {
  Utf8Decoder decoder;
  std::vector<std::string> out;
  for (const std::string_view piece : pieces) decoder.append(piece, out.emplace_back());
  decoder.finish(out.emplace_back());
  return out;
}

using testing::ElementsAre;

TEST(Utf8DecoderTest, HalfACharacterWaitsForItsOtherHalf) {
  EXPECT_THAT(texts({"a\xf0\x9f", "\x98", "\x80z"}), ElementsAre("a", "", "\U0001f600z", ""));
}

TEST(Utf8DecoderTest, WhatIsHeldAtTheEndIsReplacedOnce) {
  EXPECT_THAT(texts({"\xe4\xbd"}), ElementsAre("", "\ufffd"));
  EXPECT_THAT(texts({"\xe4\xbd\xa0"}), ElementsAre("\u4f60", ""));
}

TEST(Utf8DecoderTest, EachIllFormedPartIsReplacedOnce) {
  EXPECT_THAT(texts({"\xe4\xbd|\x80\x80"}), ElementsAre("\ufffd|\ufffd\ufffd", ""));
  EXPECT_THAT(texts({"\xe0\x80\x80"}), ElementsAre("\ufffd\ufffd\ufffd", ""));  // overlong
  EXPECT_THAT(texts({"\xed\xa0\x80"}), ElementsAre("\ufffd\ufffd\ufffd", ""));  // a surrogate
  EXPECT_THAT(texts({"\xf4\x90\x80\x80"}), ElementsAre("\ufffd\ufffd\ufffd\ufffd", ""));
  EXPECT_THAT(texts({"\xf1\x80\x80\xe1\x80\xc2"}), ElementsAre("\ufffd\ufffd", "\ufffd"));
}

TEST(Utf8DecoderTest, WhatCanNeverBeACharacterDoesNotWait) {
  EXPECT_THAT(texts({"\xff", "\xc1", "\xe0", "\x80"}),
              ElementsAre("\ufffd", "\ufffd", "", "\ufffd\ufffd", ""));
}

TEST(Utf8DecoderTest, EveryPairOfBytesComesOutAsUtf8HoweverItIsCut) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string bytes = {char(first), char(second), '\x80', 'x'};
      const std::vector<std::string> whole = texts({bytes});
      std::vector<std::string_view> singles;
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        singles.push_back(std::string_view(bytes).substr(i, 1));
      }
      std::string joined;
      for (const std::string& text : texts(singles)) {
        EXPECT_TRUE(is_utf8(text));
        joined += text;
      }
      EXPECT_EQ(joined, whole[0] + whole[1]) << first << " " << second;
    }
  }
}

TEST(TextDecoderTest, SpecialTokensAreTheirTextOrNone) {
  const Result<Tokenizer> tokenizer = make_tokenizer(small_tokenizer());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const Tokens tokens = {258, 300, ' ', 302};
  EXPECT_EQ(decode(*tokenizer, tokens, false), "abc<end> <tag>");
  EXPECT_EQ(decode(*tokenizer, tokens, true), "abc <tag>");
}

TEST(TextDecoderTest, ASkippedTokenDoesNotPartACharacter) {
  const Result<Tokenizer> tokenizer = make_tokenizer(small_tokenizer());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(decode(*tokenizer, Tokens{0xc3, 300, 0xa9}, true), "\u00e9");
  EXPECT_EQ(decode(*tokenizer, Tokens{0xc3, 300, 0xa9}, false), "\ufffd<end>\ufffd");
}

TEST(TextDecoderTest, IdsBeyondTheTokenizerAreNoText) {
  const Result<Tokenizer> tokenizer = make_tokenizer(small_tokenizer());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(decode(*tokenizer, Tokens{'x', -1, INT32_MIN, 280, 303, INT32_MAX, 'y'}, false), "xy");
}

}  // namespace
}  // namespace unmask::tokenizer
