/// Whatever a tokenizer.json holds: it is refused with a sentence, or it works.

#include "tests/unit/model/mutations.h"

#include <gmock/gmock.h>

#include "model/tokenizer/text_decoder.h"
#include "tests/unit/model/tokenizer/small_tokenizer.h"

namespace unmask::tokenizer {
namespace {

namespace json = boost::json;

constexpr int kNumFiles = 1000;
constexpr std::string_view kText =
    "abc <end> bcaa<tag> \n\n  12 it's \u00e9\u4f60\U0001f600 <mask>";

/// Fails unless `file` is refused by name or works. Returns whether it works.
bool is_handled(const std::string& file) {
  Result<TokenizerFile> parsed = parse_tokenizer_file(file, "t.json");
  if (!parsed) {
    EXPECT_TRUE(parsed.error().message.starts_with("t.json: ")) << parsed.error().message;
    return false;
  }
  const Result<Tokenizer> tokenizer = Tokenizer::create(std::move(*parsed), {}, "c.json");
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  for (const bool parse_special : {false, true}) {
    const Tokens tokens = tokenizer->surround(encoded(*tokenizer, kText, parse_special));
    for (const std::int32_t token : tokens) {
      EXPECT_GE(token, 0);
      EXPECT_LT(token, tokenizer->size());
    }
    EXPECT_FALSE(decode(*tokenizer, tokens, false).empty());
  }
  return true;
}

TEST(TokenizerMutationsTest, AChangedTextIsRefusedOrWorks) {
  const std::string text = json::serialize(small_tokenizer());
  ASSERT_TRUE(is_handled(text));
  Rng rng(1);
  int num_working = 0;
  for (int i = 0; i < kNumFiles; ++i) num_working += is_handled(mutated_text(text, rng)) ? 1 : 0;
  EXPECT_GT(num_working, 0);
  EXPECT_LT(num_working, kNumFiles);
}

TEST(TokenizerMutationsTest, AChangedDocumentIsRefusedOrWorks) {
  // The vocabulary is most of the file: without it the changes meet the rest.
  json::object file = small_tokenizer();
  file["post_processor"] = json::object{
      {"type", "TemplateProcessing"},
      {"single", json::array{json::object{{"SpecialToken", json::object{{"id", "<end>"}}}},
                             json::object{{"Sequence", json::object{{"id", "A"}}}}}},
      {"special_tokens", json::object{{"<end>", json::object{{"ids", json::array{300}}}}}}};
  const json::value vocab = file["model"].as_object()["vocab"];
  file["model"].as_object()["vocab"] = json::object{};
  Rng rng(2);
  int num_working = 0;
  for (int i = 0; i < kNumFiles; ++i) {
    json::value changed = mutated_json(file, rng);
    json::value* model = changed.is_object() ? changed.get_object().if_contains("model") : nullptr;
    if (model != nullptr && model->is_object()) model->get_object()["vocab"] = vocab;
    num_working += is_handled(json::serialize(changed)) ? 1 : 0;
  }
  EXPECT_GT(num_working, 0);
  EXPECT_LT(num_working, kNumFiles);
}

TEST(TokenizerMutationsTest, AChangedConfigIsRefusedOrWorks) {
  const std::string text =
      R"({"bos_token":"<end>","eos_token":{"content":"<end>"},"mask_token":"<mask>",)"
      R"("chat_template":[{"name":"default","template":"{%- if a %}{{ 'b\\n' }}{% endif %}"}]})";
  Rng rng(3);
  for (int i = 0; i < kNumFiles; ++i) {
    const auto config = parse_tokenizer_config(mutated_text(text, rng), "c.json");
    const Result<Tokenizer> tokenizer =
        config ? make_tokenizer(small_tokenizer(), *config) : Result<Tokenizer>(config.error());
    if (tokenizer) continue;
    EXPECT_TRUE(tokenizer.error().message.starts_with("c.json: ")) << tokenizer.error().message;
  }
}

}  // namespace
}  // namespace unmask::tokenizer
