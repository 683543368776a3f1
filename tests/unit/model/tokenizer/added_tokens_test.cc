#include "model/tokenizer/added_tokens.h"

#include <gmock/gmock.h>

namespace unmask::tokenizer {
namespace {

AddedToken token(std::int32_t id, const char* text, bool is_reserved = false) {
  AddedToken made;
  made.id = id;
  made.text = text;
  made.is_reserved = is_reserved;
  return made;
}

/// "begin-end:id" of what is found from `from`.
std::string found(const AddedTokens& tokens, std::string_view text, std::size_t from = 0,
                  std::vector<TextRange> trusted = {}) {
  const auto match = tokens.find(text, from, trusted);
  if (!match) return "none";
  return std::to_string(match->range.begin) + "-" + std::to_string(match->range.end) + ":" +
         std::to_string(match->token->id);
}

TEST(AddedTokensTest, TheFirstIsFound) {
  const AddedTokens tokens({token(1, "<a>"), token(2, "<b>")});
  EXPECT_EQ(found(tokens, "x<b><a>"), "1-4:2");
  EXPECT_EQ(found(tokens, "x<b><a>", 2), "4-7:1");
  EXPECT_EQ(found(tokens, "x<b"), "none");
  EXPECT_EQ(found(tokens, ""), "none");
}

TEST(AddedTokensTest, OfThoseThatBeginTogetherTheLongestIsFound) {
  const AddedTokens tokens({token(1, "<a"), token(2, "<a>"), token(3, "<a><a>!")});
  EXPECT_EQ(found(tokens, "<a><a>"), "0-3:2");
  EXPECT_EQ(found(tokens, "<a<a>"), "0-2:1");
  EXPECT_EQ(found(tokens, "<a><a>!"), "0-7:3");
}

TEST(AddedTokensTest, TheBeginningOfATokenHidesNoOther) {
  const AddedTokens tokens({token(1, "<<x"), token(2, "<y")});
  EXPECT_EQ(found(tokens, "<<y"), "1-3:2");
}

TEST(AddedTokensTest, ReservedOnesAreFoundOnlyWhereTheTextIsTrusted) {
  const AddedTokens tokens({token(1, "<a>", true)});
  EXPECT_EQ(found(tokens, "<a><a>"), "none");
  EXPECT_EQ(found(tokens, "<a><a>", 0, {{3, 6}}), "3-6:1");
  EXPECT_EQ(found(tokens, "<a><a>", 0, {{0, 2}, {4, 6}}), "none");
  EXPECT_EQ(found(tokens, "<a><a>", 0, {{0, 1}, {1, 4}}), "none");
}

TEST(AddedTokensTest, WhereAReservedOneMayNotBeAShorterOneIsFound) {
  const AddedTokens tokens({token(1, "<a>", true), token(2, "<a")});
  EXPECT_EQ(found(tokens, "<a>"), "0-2:2");
  EXPECT_EQ(found(tokens, "<a>", 0, {{0, 3}}), "0-3:1");
}

}  // namespace
}  // namespace unmask::tokenizer
