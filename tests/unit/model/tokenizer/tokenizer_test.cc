#include "model/tokenizer/tokenizer.h"

#include <gmock/gmock.h>

#include "model/tokenizer/text_decoder.h"
#include "model/tokenizer/vocabulary.h"
#include "tests/source_dir.h"
#include "tests/unit/model/tokenizer/small_tokenizer.h"
#include "tests/unit/temporary_folder.h"

namespace unmask::tokenizer {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

Tokenizer small(const TokenizerConfig& config = {}, const json::object& file = small_tokenizer()) {
  Result<Tokenizer> tokenizer = make_tokenizer(file, config);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return std::move(*tokenizer);
}

json::object with_added(const char* field, bool value) {
  json::object file = small_tokenizer();
  file["added_tokens"].as_array()[0].as_object()[field] = value;
  return file;
}

TEST(TokenizerTest, WordsAreMergedAndNotBeyondTheirEnds) {
  EXPECT_EQ(encoded(small(), "abc a bc"), (Tokens{258, ' ', 'a', ' ', 257}));
  EXPECT_EQ(encoded(small(), ""), Tokens());
}

TEST(TokenizerTest, SpecialTokensAreTextUnlessAskedFor) {
  const Tokens as_text = {'<', 'e', 'n', 'd', '>'};
  EXPECT_EQ(encoded(small(), "<end>", false), as_text);
  EXPECT_EQ(encoded(small(), "a<end><end", true), (Tokens{'a', 300, '<', 'e', 'n', 'd'}));
}

TEST(TokenizerTest, AddedTokensThatAreNotSpecialAlwaysCount) {
  EXPECT_EQ(encoded(small(), "a<tag>b", false), (Tokens{'a', 302, 'b'}));
}

TEST(TokenizerTest, WhatTheTemplateOrTheModelUsesIsNotForUsers) {
  TokenizerConfig config;
  config.chat_template = "{{ '<tag>' + m }}";
  EXPECT_EQ(encoded(small(config), "<tag>", false), (Tokens{'<', 't', 'a', 'g', '>'}));
  EXPECT_EQ(encoded(small(config), "<tag>", true), Tokens{302});
  config = {};
  config.bos_token = "<tag>";
  EXPECT_EQ(encoded(small(config), "<tag>", false), (Tokens{'<', 't', 'a', 'g', '>'}));
}

TEST(TokenizerTest, InAChatOnlyTheTemplatesWordsMakeSpecialTokens) {
  const RenderedChat chat{"<end>ab<end>c", {{0, 5}}};
  const Result<Tokens> tokens = small().encode(chat);
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(*tokens, (Tokens{300, 256, '<', 'e', 'n', 'd', '>', 'c'}));
}

TEST(TokenizerTest, AWordMayBeginInTheTemplateAndEndWithTheUser) {
  const Result<Tokens> tokens = small().encode(RenderedChat{"abc", {{0, 1}}});
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(*tokens, Tokens{258});
}

TEST(TokenizerTest, AddedTokensMayTakeTheWhiteSpaceAroundThem) {
  const std::string text = "a \u3000<end>\n\tb";
  const Tokens blank = {' '}, wide = {0xe3, 0x80, 0x80};
  EXPECT_EQ(encoded(small({}, with_added("lstrip", true)), text, true),
            (Tokens{'a', 300, '\n', '\t', 'b'}));
  EXPECT_EQ(encoded(small({}, with_added("rstrip", true)), text, true),
            (Tokens{'a', ' ', 0xe3, 0x80, 0x80, 300, 'b'}));
  EXPECT_EQ(encoded(small({}, with_added("lstrip", true)), " <end> <end>", true),
            (Tokens{300, 300}));
}

TEST(TokenizerTest, NormalizedTokensAreLookedForWhereTheOthersLeftText) {
  json::object file = small_tokenizer();
  json::object& tag = file["added_tokens"].as_array()[2].as_object();
  tag["content"] = "x<end>";
  EXPECT_EQ(encoded(small({}, file), "x<end>", true), Tokens{302});
  tag["normalized"] = true;
  EXPECT_EQ(encoded(small({}, file), "x<end>", true), (Tokens{'x', 300}));
}

TEST(TokenizerTest, WithIgnoredMergesAWordOfTheVocabularyIsOneToken) {
  json::object file = small_tokenizer();
  json::object& model = file["model"].as_object();
  model["vocab"].as_object()["xyz"] = 290;
  EXPECT_EQ(encoded(small({}, file), "xyz abc"), (Tokens{'x', 'y', 'z', ' ', 258}));
  model["ignore_merges"] = true;
  EXPECT_EQ(encoded(small({}, file), "xyz xyzx"), (Tokens{290, ' ', 'x', 'y', 'z', 'x'}));
}

TEST(TokenizerTest, TextThatIsNotUtf8IsRefused) {
  const Result<Tokens> tokens = small().encode("a\xff", false);
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().message, "the text is not UTF-8");
}

TEST(TokenizerTest, TooLongATextIsRefused) {
  const Result<Tokens> tokens = small().encode(std::string((4 << 20) + 1, ' '), false);
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().message, "the text has more than 4.0 MiB");
}

TEST(TokenizerTest, EveryIdHasItsBytes) {
  const Tokenizer tokenizer = small();
  EXPECT_EQ(tokenizer.size(), 303);
  EXPECT_EQ(tokenizer.bytes_of(0xff), "\xff");
  EXPECT_EQ(tokenizer.bytes_of(258), "abc");
  EXPECT_EQ(tokenizer.bytes_of(299), "");
  EXPECT_EQ(tokenizer.bytes_of(300), "<end>");
  EXPECT_TRUE(tokenizer.is_special(300));
  EXPECT_FALSE(tokenizer.is_special(302));
  EXPECT_FALSE(tokenizer.is_special(-1));
  EXPECT_FALSE(tokenizer.is_special(303));
}

TEST(TokenizerTest, TheConfigsTokensHaveIds) {
  TokenizerConfig config;
  config.eos_token = "<end>";
  config.mask_token = "<mask>";
  config.pad_token = "abc";
  const Tokenizer tokenizer = small(config);
  EXPECT_EQ(tokenizer.eos_id(), 300);
  EXPECT_EQ(tokenizer.mask_id(), 301);
  EXPECT_EQ(tokenizer.pad_id(), 258);
  EXPECT_EQ(small().mask_id(), std::nullopt);
}

TEST(TokenizerTest, ATokenThatTheTokenizerDoesNotHaveIsNamed) {
  TokenizerConfig config;
  config.mask_token = "<nothing>";
  const Result<Tokenizer> tokenizer = make_tokenizer(small_tokenizer(), config);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().message,
            "c.json: mask_token is <nothing>, which tokenizer.json does not have");
}

TEST(TokenizerTest, TheVocabularyOfAModelIsWhatItsConfigSaysFirst) {
  TokenizerConfig named;
  named.mask_token = "<mask>";
  named.eos_token = "<end>";
  const Tokenizer tokenizer = small(named);
  checkpoint::ModelConfig config;
  EXPECT_EQ(vocabulary_of(config, nullptr), (diffusion::Vocabulary{-1, -1, INT32_MAX}));
  EXPECT_EQ(vocabulary_of(config, &tokenizer), (diffusion::Vocabulary{301, 300, 303}));
  config.mask_id = 7;
  EXPECT_EQ(vocabulary_of(config, &tokenizer), (diffusion::Vocabulary{7, 300, 303}));
  config.eos_id = 8;
  EXPECT_EQ(vocabulary_of(config, nullptr), (diffusion::Vocabulary{7, 8, INT32_MAX}));
}

class TokenizerFolderTest : public testing::Test {
 protected:
  void write(const char* name, const std::string& text) const { folder_.write(name, text); }
  [[nodiscard]] std::string refusal_to_open() const {
    const Result<Tokenizer> tokenizer = Tokenizer::open(dir_);
    return tokenizer ? "" : tokenizer.error().message;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path dir_ = folder_.path();
};

TEST_F(TokenizerFolderTest, WithoutATokenizerThereIsNone) {
  const Result<Tokenizer> tokenizer = Tokenizer::open(dir_);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(tokenizer.error().message, HasSubstr((dir_ / "tokenizer.json").string()));
}

TEST_F(TokenizerFolderTest, AConfigIsNotNeeded) {
  write("tokenizer.json", json::serialize(small_tokenizer()));
  const Result<Tokenizer> tokenizer = Tokenizer::open(dir_);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_FALSE(tokenizer->chat_template().exists());
}

TEST_F(TokenizerFolderTest, ATemplateInAFileOfItsOwnCounts) {
  write("tokenizer.json", json::serialize(small_tokenizer()));
  write("tokenizer_config.json", R"({"mask_token": "<mask>"})");
  write("chat_template.jinja", "{{ messages }}");
  const Result<Tokenizer> tokenizer = Tokenizer::open(dir_);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_TRUE(tokenizer->chat_template().exists());
  EXPECT_EQ(tokenizer->mask_id(), 301);
}

TEST_F(TokenizerFolderTest, ATemplateByNameMustFitTheTokenizer) {
  write("tokenizer.json", json::serialize(small_tokenizer()));
  const auto refusal = [&](const char* name) {
    const Result<Tokenizer> tokenizer = Tokenizer::open(dir_, name);
    return tokenizer ? "" : tokenizer.error().message;
  };
  EXPECT_EQ(refusal("chatml"),
            "model.chat_template is 'chatml', but the tokenizer has no token <|im_start|>");
  EXPECT_EQ(refusal("vicuna"),
            "model.chat_template is 'vicuna', but known are chatml, ling, llada, llada2, unmask");
}

TEST_F(TokenizerFolderTest, ABrokenFileIsNamed) {
  write("tokenizer.json", "{}");
  EXPECT_THAT(refusal_to_open(), HasSubstr("tokenizer.json: has no model"));
  write("tokenizer.json", json::serialize(small_tokenizer()));
  write("tokenizer_config.json", "{");
  EXPECT_THAT(refusal_to_open(), HasSubstr("tokenizer_config.json: no valid JSON"));
  std::filesystem::remove(dir_ / "tokenizer_config.json");
  std::filesystem::create_directory(dir_ / "tokenizer_config.json");
  EXPECT_THAT(refusal_to_open(), HasSubstr("tokenizer_config.json: not a file"));
}

TEST_F(TokenizerFolderTest, TooLargeAFileIsRefusedUnread) {
  write("tokenizer.json", "");
  std::filesystem::resize_file(dir_ / "tokenizer.json", (64 << 20) + 1);
  EXPECT_THAT(refusal_to_open(), HasSubstr("tokenizer.json: larger than 64.0 MiB"));
}

TEST(EmbeddedTokenizerTest, ATemplateByNameReplacesTheOneOfTheFolder) {
  const std::filesystem::path dir = source_dir() / "model/zoo/unmask-tiny";
  const Result<Tokenizer> own = Tokenizer::open(dir);
  const Result<Tokenizer> named = Tokenizer::open(dir, "llada2");
  ASSERT_TRUE(own && named);
  const std::vector<ChatMessage> chat = {{"user", "Hi <|role_end|>"}};
  EXPECT_EQ(named->chat_template().render(chat)->text,
            "<role>SYSTEM</role>detailed thinking off<|role_end|><role>HUMAN</role>Hi "
            "<|role_end|><|role_end|><role>ASSISTANT</role>");
  EXPECT_TRUE(own->chat_template().exists());
}

TEST(EmbeddedTokenizerTest, ChatsOfTheEmbeddedModelAreKnown) {
  const Result<Tokenizer> tokenizer = Tokenizer::open(source_dir() / "model/zoo/unmask-tiny");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->size(), 2048);
  EXPECT_EQ(tokenizer->mask_id(), 2043);
  EXPECT_EQ(tokenizer->eos_id(), 2040);
  const std::vector<ChatMessage> messages = {{"user", "Hi <|role_end|>"}};
  const Result<RenderedChat> chat = tokenizer->chat_template().render(messages);
  ASSERT_TRUE(chat) << chat.error().message;
  const Result<Tokens> tokens = tokenizer->encode(*chat);
  ASSERT_TRUE(tokens) << tokens.error().message;
  const int role = 2045, role_close = 2046, role_end = 2047;
  EXPECT_EQ(tokens->front(), role);
  EXPECT_EQ(tokens->back(), role_close);
  EXPECT_EQ(std::ranges::count(*tokens, role), 3);  // SYSTEM, HUMAN, ASSISTANT
  EXPECT_EQ(std::ranges::count(*tokens, role_end), 2);
  EXPECT_EQ(decode(*tokenizer, *tokens, false), chat->text);
}

}  // namespace
}  // namespace unmask::tokenizer
