#include "model/tokenizer/tokenizer_config.h"

#include <gmock/gmock.h>

namespace unmask::tokenizer {
namespace {

TokenizerConfig config(std::string_view text) {
  const Result<TokenizerConfig> parsed = parse_tokenizer_config(text, "c.json");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : TokenizerConfig();
}

std::string refusal(std::string_view text) {
  const Result<TokenizerConfig> parsed = parse_tokenizer_config(text, "c.json");
  return parsed ? "" : parsed.error().message;
}

TEST(TokenizerConfigTest, ATokenIsATextOrAnObject) {
  const TokenizerConfig parsed = config(
      R"({"bos_token": "<b>", "eos_token": {"content": "<e>", "lstrip": false}, "mask_token": null})");
  EXPECT_EQ(parsed.bos_token, "<b>");
  EXPECT_EQ(parsed.eos_token, "<e>");
  EXPECT_EQ(parsed.mask_token, std::nullopt);
  EXPECT_EQ(parsed.pad_token, std::nullopt);
}

TEST(TokenizerConfigTest, OfSeveralTemplatesTheDefaultCounts) {
  EXPECT_EQ(config(R"({"chat_template": "t"})").chat_template, "t");
  EXPECT_EQ(config(R"({"chat_template": [{"name": "tool_use", "template": "x"},
                                         {"name": "default", "template": "t"}]})")
                .chat_template,
            "t");
  EXPECT_EQ(config(R"({"chat_template": []})").chat_template, std::nullopt);
  EXPECT_EQ(config("{}").chat_template, std::nullopt);
}

TEST(TokenizerConfigTest, AKeyOfAnotherKindIsNamed) {
  EXPECT_EQ(refusal(R"({"mask_token": 5})"), "c.json: mask_token is 5, but must be a token");
  EXPECT_EQ(refusal(R"({"eos_token": {}})"), "c.json: eos_token is {}, but must be a token");
  EXPECT_EQ(refusal(R"({"pad_token": ""})"), "c.json: pad_token is \"\", but must be a token");
  EXPECT_EQ(refusal(R"({"chat_template": 1})"), "c.json: chat_template must be text or a list");
  EXPECT_EQ(refusal("[]"), "c.json: a JSON object is needed");
}

}  // namespace
}  // namespace unmask::tokenizer
