#include "model/tokenizer/splitter.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/unit/model/tokenizer/small_tokenizer.h"

namespace unmask::tokenizer {
namespace {

using testing::ElementsAre;

constexpr std::string_view kLlama3Regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::vector<std::string> words(std::string_view text, std::string_view regex = kLladaRegex) {
  const std::optional<Splitter> splitter = Splitter::of_regex(regex);
  std::vector<std::string> out;
  while (splitter && !text.empty()) {
    const std::size_t length = splitter->first_word(text);
    if (length == 0 || length > text.size()) return {"no word"};
    out.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

TEST(SplitterTest, ALetterRunTakesOneCharacterBeforeIt) {
  EXPECT_THAT(words("the cat,\tsat\u00a0on"), ElementsAre("the", " cat", ",", "\tsat", "\u00a0on"));
  EXPECT_THAT(words("(a) -b"), ElementsAre("(a", ")", " -", "b"));
}

TEST(SplitterTest, ALineBreakIsNoPartOfAWord) {
  EXPECT_THAT(words("a\nb\rc"), ElementsAre("a", "\n", "b", "\r", "c"));
}

TEST(SplitterTest, ContractionsAreWordsInEitherCase) {
  EXPECT_THAT(words("it's we'LL you'Ve I'd can't"),
              ElementsAre("it", "'s", " we", "'LL", " you", "'Ve", " I", "'d", " can", "'t"));
  EXPECT_THAT(words("'longer"), ElementsAre("'longer"));
  EXPECT_THAT(words("'lll"), ElementsAre("'ll", "l"));
}

TEST(SplitterTest, TheLongSIsAnSInAContraction) {
  EXPECT_THAT(words("'\u017f\u017f"), ElementsAre("'\u017f", "\u017f"));
}

TEST(SplitterTest, AnApostropheAloneIsASymbol) {
  EXPECT_THAT(words("'"), ElementsAre("'"));
  EXPECT_THAT(words("a' 'l"), ElementsAre("a", "'", " '", "l"));
}

TEST(SplitterTest, DigitsStandAloneOrInThreesAsTheExpressionSays) {
  EXPECT_THAT(words("12345 6"), ElementsAre("1", "2", "3", "4", "5", " ", "6"));
  EXPECT_THAT(words("12345 6", kLlama3Regex), ElementsAre("123", "45", " ", "6"));
  EXPECT_THAT(words("\u0663\u00bd\u2167", kLlama3Regex), ElementsAre("\u0663\u00bd\u2167"));
}

TEST(SplitterTest, SymbolsTakeABlankBeforeAndLineBreaksBehind) {
  EXPECT_THAT(words("a ==\r\n\nb"), ElementsAre("a", " ==\r\n\n", "b"));
  EXPECT_THAT(words("\t=="), ElementsAre("\t", "=="));
}

TEST(SplitterTest, WhiteSpaceGoesToItsLastLineBreak) {
  EXPECT_THAT(words(" \n \n  a"), ElementsAre(" \n \n", " ", " a"));
}

TEST(SplitterTest, WhiteSpaceLeavesItsLastCharacterToTheNextWord) {
  EXPECT_THAT(words("a   b"), ElementsAre("a", "  ", " b"));
  EXPECT_THAT(words("a   1"), ElementsAre("a", "  ", " ", "1"));
  EXPECT_THAT(words("a   "), ElementsAre("a", "   "));
}

TEST(SplitterTest, OtherWhiteSpaceIsWhiteSpaceAndZeroWidthIsNot) {
  EXPECT_THAT(words("\u3000\u0085\u2028"), ElementsAre("\u3000\u0085\u2028"));
  EXPECT_THAT(words("\u200b\u200b"), ElementsAre("\u200b\u200b"));
  EXPECT_THAT(words("\u200bA"), ElementsAre("\u200bA"));
}

TEST(SplitterTest, AnyLettersAreLettersAndMarksAreNot) {
  EXPECT_THAT(words("你好\u00e9\u02b0"), ElementsAre("你好\u00e9\u02b0"));
  EXPECT_THAT(words("e\u0301e"), ElementsAre("e", "\u0301e"));
}

TEST(SplitterTest, AnUnknownExpressionHasNoSplitter) {
  EXPECT_FALSE(Splitter::of_regex(R"(\s+|\S+)"));
  EXPECT_FALSE(Splitter::of_regex(""));
}

}  // namespace
}  // namespace unmask::tokenizer
