/// Every text, chat and stream of the reference tokenizers, token for token.

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "model/tokenizer/text_decoder.h"
#include "model/tokenizer/tokenizer.h"
#include "tests/golden/golden_files.h"

namespace unmask {
namespace {

namespace json = boost::json;
using Tokens = std::vector<std::int32_t>;

class TokenizersTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    Result<tokenizer::Tokenizer> tokenizer = tokenizer::Tokenizer::open(dir());
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    tokenizer_.emplace(std::move(*tokenizer));
  }

  static std::filesystem::path dir() { return golden::golden_dir() / "tokenizers" / GetParam(); }

  /// The cases of one file; the test fails if there are none.
  static json::array cases_of(const std::string& file) {
    boost::system::error_code error;
    const json::value value = json::parse(golden::read_text(dir() / file), error);
    EXPECT_FALSE(error) << error.message();
    EXPECT_TRUE(value.is_array() && !value.get_array().empty());
    return value.is_array() ? value.get_array() : json::array();
  }

  static std::string text_of(const json::value& value, std::string_view key) {
    return json::value_to<std::string>(value.at(key));
  }

  std::optional<tokenizer::Tokenizer> tokenizer_;
};

TEST_P(TokenizersTest, TextsBecomeTheirTokens) {
  for (const json::value& expected : cases_of("cases.json")) {
    const std::string text = text_of(expected, "text");
    SCOPED_TRACE(json::serialize(expected.at("text")));
    Result<Tokens> tokens = tokenizer_->encode(text, true);
    ASSERT_TRUE(tokens) << tokens.error().message;
    if (expected.at("add_special_tokens").as_bool()) *tokens = tokenizer_->surround(*tokens);
    EXPECT_EQ(*tokens, json::value_to<Tokens>(expected.at("ids")));
  }
}

TEST_P(TokenizersTest, TokensBecomeTheirText) {
  for (const json::value& expected : cases_of("cases.json")) {
    const Tokens tokens = json::value_to<Tokens>(expected.at("ids"));
    EXPECT_EQ(decode(*tokenizer_, tokens, false), text_of(expected, "decoded"));
    EXPECT_EQ(decode(*tokenizer_, tokens, true), text_of(expected, "decoded_skip_special"));
  }
}

TEST_P(TokenizersTest, ChatsAreRenderedAsTheirTemplateDoes) {
  for (const json::value& expected : cases_of("chat.json")) {
    std::vector<tokenizer::ChatMessage> messages;
    for (const json::value& message : expected.at("messages").as_array()) {
      messages.push_back({text_of(message, "role"), text_of(message, "content")});
    }
    const Result<tokenizer::RenderedChat> chat = tokenizer_->chat_template().render(
        messages, expected.at("add_generation_prompt").as_bool());
    ASSERT_TRUE(chat) << chat.error().message;
    EXPECT_EQ(chat->text, text_of(expected, "text"));
    const Result<Tokens> tokens = tokenizer_->encode(chat->text, true);
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_EQ(*tokens, json::value_to<Tokens>(expected.at("ids")));
  }
}

/// The reference takes special tokens out of users' text too; apart from that, telling the
/// template's words from users' must not change a token.
TEST_P(TokenizersTest, ChatsWithoutSpecialTextHaveTheSameTokensWhoeverWroteIt) {
  std::size_t num_compared = 0;
  for (const json::value& expected : cases_of("chat.json")) {
    std::vector<tokenizer::ChatMessage> messages;
    bool is_special = false;
    for (const json::value& message : expected.at("messages").as_array()) {
      messages.push_back({text_of(message, "role"), text_of(message, "content")});
      is_special = is_special || messages.back().content.find("<|") != std::string::npos;
    }
    const Result<tokenizer::RenderedChat> chat = tokenizer_->chat_template().render(
        messages, expected.at("add_generation_prompt").as_bool());
    ASSERT_TRUE(chat) << chat.error().message;
    const Result<Tokens> tokens = tokenizer_->encode(*chat);
    ASSERT_TRUE(tokens) << tokens.error().message;
    if (is_special) {
      EXPECT_EQ(decode(*tokenizer_, *tokens, false), chat->text);
      EXPECT_NE(*tokens, json::value_to<Tokens>(expected.at("ids")));
    } else {
      ++num_compared;
      EXPECT_EQ(*tokens, json::value_to<Tokens>(expected.at("ids")));
    }
  }
  EXPECT_GT(num_compared, 0u);
}

TEST_P(TokenizersTest, StreamsReleaseWhatIsComplete) {
  for (const json::value& expected : cases_of("stream.json")) {
    tokenizer::TextDecoder decoder(*tokenizer_, expected.at("skip_special_tokens").as_bool());
    std::vector<std::string> pieces;
    std::string text;
    for (const std::int32_t token : json::value_to<Tokens>(expected.at("ids"))) {
      pieces.push_back(decoder.append({&token, 1}));
      text += pieces.back();
    }
    EXPECT_EQ(pieces, json::value_to<std::vector<std::string>>(expected.at("pieces")));
    const std::string rest = decoder.finish();
    EXPECT_EQ(rest, text_of(expected, "flush"));
    EXPECT_EQ(text + rest, text_of(expected, "text"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, TokenizersTest, testing::Values("llada", "llada2", "llama3-regex"),
                         [](const auto& name) {
                           std::string text = name.param;
                           std::ranges::replace(text, '-', '_');
                           return text;
                         });

}  // namespace
}  // namespace unmask
