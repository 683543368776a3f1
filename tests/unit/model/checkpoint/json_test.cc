#include "model/checkpoint/json.h"

#include <gmock/gmock.h>

namespace unmask::checkpoint {
namespace {

std::string json_refusal(std::string_view text) {
  const Result<boost::json::object> parsed = parse_json_object(text, "f.json");
  if (parsed) return "";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  return parsed.error().message;
}

TEST(JsonTest, AnObjectIsReadInFull) {
  const Result<boost::json::object> parsed = parse_json_object(R"({"a":[1,{"b":null}]})", "f.json");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(printable(boost::json::value(*parsed)), R"({"a":[1,{"b":null}]})");
}

TEST(JsonTest, WhatIsNoObjectIsRefused) {
  for (const char* text : {"[]", "7", "\"{}\"", "null"}) {
    EXPECT_EQ(json_refusal(text), "f.json: a JSON object is needed") << text;
  }
}

TEST(JsonTest, WhatIsNoJsonIsRefused) {
  for (const char* text : {"", " ", "{", "{}x", "{}{}", "{'a':1}", "{\"a\":1,}", "{\"a\":NaN}",
                           "{/**/}", "{\"a\":\"\xff\"}", "{\"a\":\"\\ud800\"}", "\xef\xbb\xbf{}"}) {
    EXPECT_THAT(json_refusal(text), testing::StartsWith("f.json: no valid JSON (")) << text;
  }
  EXPECT_THAT(json_refusal(std::string_view("{}\0", 3)), testing::HasSubstr("no valid JSON"));
}

std::string nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += "{\"a\":";
  return text + "1" + std::string(std::size_t(depth), '}');
}

TEST(JsonTest, NestingHasALimit) {
  EXPECT_EQ(json_refusal(nested(32)), "");
  EXPECT_THAT(json_refusal(nested(33)), testing::HasSubstr("no valid JSON"));
  EXPECT_THAT(json_refusal(nested(1 << 20)), testing::HasSubstr("no valid JSON"));
}

TEST(JsonTest, AKeyThatStandsThereTwiceIsNamed) {
  EXPECT_EQ(json_refusal(R"({"a":1,"b":2,"a":1})"), "f.json: the key a stands there twice");
  EXPECT_EQ(json_refusal(R"({"a":[{"c":1},{"b":2,"x":{},"\u0062":3}]})"),
            "f.json: the key b stands there twice");
  EXPECT_EQ(json_refusal(R"({"":0,"":0})"), "f.json: the key  stands there twice");
}

TEST(JsonTest, TheSameKeyInTwoObjectsIsNoMistake) {
  EXPECT_EQ(json_refusal(R"({"a":{"a":[{"a":1},{"a":2}]},"A":0})"), "");
}

TEST(JsonTest, WhatIsShownToPeopleIsShortAndHasNoControlCharacters) {
  EXPECT_EQ(printable(std::string("a\x1b[2J\n\x7f")), "a?[2J??");
  EXPECT_EQ(printable(std::string(120, 'x')), std::string(120, 'x'));
  EXPECT_EQ(printable(std::string(121, 'x')), std::string(120, 'x') + "...");
}

}  // namespace
}  // namespace unmask::checkpoint
