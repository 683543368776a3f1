#include "rpc/openai/logprob_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace unmask::rpc {
namespace {

namespace json = boost::json;
using testing::IsEmpty;
using testing::SizeIs;

/// Token 0 is special; the others are as long as they are great.
TokenText text_of(std::int32_t token) {
  if (token == 0) return {"<|x|>", ""};
  const std::string bytes(std::size_t(token), 'a');
  return {bytes, bytes};
}

actors::Committed block(std::vector<std::int32_t> tokens, std::vector<float> logprobs) {
  actors::Committed block;
  block.tokens = std::move(tokens);
  block.logprobs = std::move(logprobs);
  return block;
}

TEST(LogprobRowsTest, ARowGoesWithTheTextThatBeginsWithIt) {
  LogprobRows rows;
  rows.add(block({2, 3}, {-0.5f, -0.25f}), text_of);
  rows.add(block({4}, {actors::kNoLogprob}), text_of);
  EXPECT_THAT(rows.take(0), IsEmpty());
  EXPECT_THAT(rows.take(2), SizeIs(1));
  EXPECT_THAT(rows.take(3), SizeIs(1));
  EXPECT_THAT(rows.take(5), IsEmpty());  // cut off by a stop string
  EXPECT_THAT(rows.take(9), SizeIs(1));
}

TEST(LogprobRowsTest, HalfACharacterIsCountedAsTheTextHasIt) {
  const auto text_of_bytes = [](std::int32_t token) {
    // An umlaut in two tokens, a byte that is no character, a letter.
    const std::string bytes[] = {"\xc3", "\xa4", "\xff", "b"};
    return TokenText{"", bytes[token]};
  };
  LogprobRows rows;
  rows.add(block({0, 1, 2, 3}, {-1, -1, -1, -1}), text_of_bytes);
  const auto all = rows.take(100);
  ASSERT_EQ(all.size(), 4u);
  const std::size_t offsets[] = {0, 0, 1, 2}, begins[] = {0, 0, 2, 5};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(all[i].offset, offsets[i]) << i;
    EXPECT_EQ(all[i].begin, begins[i]) << i;
  }
}

TEST(LogprobRowsTest, AChatAndATextHaveThemInOpenAisShapes) {
  LogprobRows rows;
  rows.add(block({2, 0, 1}, {-0.5f, -1, actors::kNoLogprob}), text_of);
  const auto all = rows.take(3);
  EXPECT_EQ(chat_logprobs(all),
            json::parse(
                R"({"content":[{"token":"aa","logprob":-0.5,"bytes":[97,97],"top_logprobs":[]},)"
                R"({"token":"<|x|>","logprob":-1.0,"bytes":[],"top_logprobs":[]},)"
                R"({"token":"a","logprob":null,"bytes":[97],"top_logprobs":[]}],"refusal":null})"));
  EXPECT_EQ(text_logprobs(all),
            json::parse(R"({"tokens":["aa","<|x|>","a"],"token_logprobs":[-0.5,-1.0,null],)"
                        R"("top_logprobs":null,"text_offset":[0,2,2]})"));
}

}  // namespace
}  // namespace unmask::rpc
