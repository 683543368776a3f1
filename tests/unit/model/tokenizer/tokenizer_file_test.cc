#include "model/tokenizer/tokenizer_file.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/unit/model/tokenizer/small_tokenizer.h"

namespace unmask::tokenizer {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

json::object& model(json::object& file) { return file["model"].as_object(); }
json::object& vocab(json::object& file) { return model(file)["vocab"].as_object(); }
json::array& merges(json::object& file) { return model(file)["merges"].as_array(); }
json::object& added(json::object& file, std::size_t i) {
  return file["added_tokens"].as_array()[i].as_object();
}
json::object& part(json::object& file, std::size_t i) {
  return file["pre_tokenizer"].as_object()["pretokenizers"].as_array()[i].as_object();
}

/// The sentence with which the small tokenizer is refused after a change.
std::string refused(const std::function<void(json::object&)>& change) {
  json::object file = small_tokenizer();
  change(file);
  const std::string sentence = refusal(file);
  EXPECT_THAT(sentence, StartsWith("t.json: "));
  return sentence;
}

TEST(TokenizerFileTest, TheSmallOneIsAccepted) { EXPECT_EQ(refusal(small_tokenizer()), ""); }

TEST(TokenizerFileTest, HowTextsAreCutOrFilledIsToldAsNotUsed) {
  json::object file = small_tokenizer();
  file["truncation"] = nullptr;
  file["padding"] = nullptr;
  EXPECT_THAT(parse_tokenizer_file(json::serialize(file), "t.json")->warnings, IsEmpty());
  file["truncation"] = {{"max_length", 512}};
  file["padding"] = {{"strategy", "BatchLongest"}};
  EXPECT_THAT(parse_tokenizer_file(json::serialize(file), "t.json")->warnings,
              ElementsAre("t.json: not used, for a text is taken as long as it is: truncation, "
                          "padding"));
}

TEST(TokenizerFileTest, TextThatIsNoJsonObjectIsRefused) {
  for (const char* text : {"", "{", "[]", "{\"model\":{}}{", "\xff", "{\"a\":\"\xff\"}"}) {
    const auto parsed = parse_tokenizer_file(text, "t.json");
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, StartsWith("t.json: "));
  }
}

TEST(TokenizerFileTest, DeepNestingIsRefused) {
  const std::string text =
      "{\"normalizer\":" + std::string(100000, '[') + std::string(100000, ']') + "}";
  const auto parsed = parse_tokenizer_file(text, "t.json");
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("no valid JSON"));
}

TEST(TokenizerFileTest, AWordThatStandsThereTwiceIsNamed) {
  std::string text = json::serialize(small_tokenizer());
  const std::string entry = "\"abc\":258";
  text.replace(text.find(entry), entry.size(), entry + ",\"abc\":400");
  const auto parsed = parse_tokenizer_file(text, "t.json");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "t.json: the key abc stands there twice");
}

TEST(TokenizerFileTest, AModelWithoutItsPartsIsRefused) {
  const std::string needs = "t.json: has no model with a vocab and merges";
  EXPECT_EQ(refused([](auto& file) { file.erase("model"); }), needs);
  EXPECT_EQ(refused([](auto& file) { file["model"] = 1; }), needs);
  EXPECT_EQ(refused([](auto& file) { model(file).erase("merges"); }), needs);
  EXPECT_EQ(refused([](auto& file) { model(file)["vocab"] = json::array{}; }), needs);
}

TEST(TokenizerFileTest, WhatIsNotSupportedIsNamed) {
  EXPECT_EQ(refused([](auto& file) { model(file)["type"] = "Unigram"; }),
            "t.json: model.type is \"Unigram\", which is not supported");
  EXPECT_EQ(refused([](auto& file) { model(file)["byte_fallback"] = true; }),
            "t.json: model.byte_fallback is true, which is not supported");
  EXPECT_EQ(refused([](auto& file) { model(file)["dropout"] = 0.1; }),
            "t.json: model.dropout is 1E-1, which is not supported");
  EXPECT_EQ(refused([](auto& file) { model(file)["unk_token"] = "<unk>"; }),
            "t.json: model.unk_token is \"<unk>\", which is not supported");
  EXPECT_EQ(refused([](auto& file) {
              file["normalizer"] = json::object{{"type", "NFC"}};
            }),
            "t.json: normalizer is {\"type\":\"NFC\"}, which is not supported");
  EXPECT_EQ(refused([](auto& file) {
              file["decoder"] = json::object{{"type", "Metaspace"}};
            }),
            "t.json: decoder must be of the type ByteLevel");
  EXPECT_EQ(refused([](auto& file) { added(file, 1)["single_word"] = true; }),
            "t.json: added_tokens[1] has single_word, which is not supported");
}

TEST(TokenizerFileTest, WhatIsSwitchedOffIsNotUnsupported) {
  json::object file = small_tokenizer();
  model(file)["dropout"] = 0.0;
  model(file)["unk_token"] = nullptr;
  model(file)["continuing_subword_prefix"] = "";
  model(file)["byte_fallback"] = false;
  EXPECT_EQ(refusal(file), "");
}

/// `parts`, in the form in which a tokenizer.json lists several.
json::object sequence(const char* list, const json::array& parts) {
  return {{"type", "Sequence"}, {list, parts}};
}

TEST(TokenizerFileTest, ComponentsCountByTheirEffect) {
  json::object file = small_tokenizer();
  const json::value decoder = file["decoder"];
  const json::value split = part(file, 0), byte_level = part(file, 1);
  const json::object none = sequence("normalizers", {});
  for (const json::value& normalizer : {json::value(nullptr), json::value(none),
                                        json::value(sequence("normalizers", {none, none}))}) {
    file["normalizer"] = normalizer;
    EXPECT_EQ(refusal(file), "");
  }
  file["decoder"] = sequence("decoders", {sequence("decoders", {decoder})});
  EXPECT_EQ(refusal(file), "");
  file["pre_tokenizer"] = sequence("pretokenizers", {sequence("pretokenizers", {split}), byte_level,
                                                     sequence("pretokenizers", {})});
  EXPECT_EQ(refusal(file), "");
}

TEST(TokenizerFileTest, AComponentThatIsNotDoneIsFoundHoweverDeep) {
  const json::object nfc{{"type", "NFC"}};
  EXPECT_EQ(refused([&](auto& file) {
              file["normalizer"] = sequence(
                  "normalizers", {sequence("normalizers", {}), sequence("normalizers", {nfc})});
            }),
            "t.json: normalizer is {\"type\":\"NFC\"}, which is not supported");
  EXPECT_EQ(refused([&](auto& file) {
              file["normalizer"] = json::object{{"type", "Sequence"}};
            }),
            "t.json: normalizer is {\"type\":\"Sequence\"}, which is not supported");
  const std::string decoder = "t.json: decoder must be of the type ByteLevel";
  EXPECT_EQ(
      refused([](auto& file) {
        file["decoder"] = sequence("decoders", {file["decoder"], json::object{{"type", "Strip"}}});
      }),
      decoder);
  EXPECT_EQ(refused([](auto& file) { file["decoder"] = sequence("decoders", {}); }), decoder);
  EXPECT_THAT(refused([](auto& file) {
                file["pre_tokenizer"] = sequence(
                    "pretokenizers", {file["pre_tokenizer"], json::object{{"type", "Digits"}}});
              }),
              HasSubstr("but must be a Split and a plain ByteLevel"));
}

TEST(TokenizerFileTest, AnUnknownPreTokenizerIsNamed) {
  EXPECT_EQ(refused([](auto& file) {
              part(file, 0)["pattern"] = json::object{{"Regex", "\\w+"}};
            }),
            "t.json: the pre_tokenizer's Regex \\w+ is not known");
  const char* needs = "but must be a Split and a plain ByteLevel";
  EXPECT_THAT(refused([](auto& file) { file.erase("pre_tokenizer"); }), HasSubstr(needs));
  EXPECT_THAT(refused([](auto& file) { part(file, 0)["behavior"] = "Removed"; }), HasSubstr(needs));
  EXPECT_THAT(refused([](auto& file) { part(file, 0)["invert"] = true; }), HasSubstr(needs));
  EXPECT_THAT(refused([](auto& file) { part(file, 1)["use_regex"] = true; }), HasSubstr(needs));
  EXPECT_THAT(refused([](auto& file) { part(file, 1).erase("add_prefix_space"); }),
              HasSubstr(needs));
  EXPECT_THAT(refused([](auto& file) {
                file["pre_tokenizer"] = json::object{{"type", "Digits"}};
              }),
              HasSubstr("{\"type\":\"Digits\"}, but must be"));
}

TEST(TokenizerFileTest, AnImpossibleIdIsNamedWithItsWord) {
  for (const json::value& id : {json::value(-1), json::value(1 << 20), json::value("7"),
                                json::value(1.5), json::value(nullptr), json::value(UINT64_MAX)}) {
    EXPECT_THAT(refused([&](auto& file) { vocab(file)["abc"] = id; }),
                HasSubstr("the word abc of model.vocab has the id "));
    EXPECT_THAT(refused([&](auto& file) { added(file, 2)["id"] = id; }),
                HasSubstr("added_tokens[2] has the id "));
  }
  EXPECT_THAT(refused([](auto& file) { added(file, 2).erase("id"); }),
              HasSubstr("added_tokens[2] has the id null"));
}

TEST(TokenizerFileTest, TwoTokensWithOneIdAreRefused) {
  EXPECT_EQ(refused([](auto& file) { vocab(file)["abc"] = 257; }),
            "t.json: the word abc of model.vocab has the id of another token, 257");
  EXPECT_EQ(refused([](auto& file) { added(file, 1)["id"] = 300; }),
            "t.json: added_tokens[1] has the id of another token, 300");
  EXPECT_EQ(refused([](auto& file) { added(file, 1)["id"] = 258; }),
            "t.json: added_tokens[1] has the id of another token, 258");
}

TEST(TokenizerFileTest, AnAddedTokenMayBeAWordIfTheIdsAgree) {
  json::object file = small_tokenizer();
  added(file, 0)["content"] = "abc";
  EXPECT_EQ(refusal(file),
            "t.json: added_tokens[0] has another id than the word abc of model.vocab");
  added(file, 0)["id"] = 258;
  EXPECT_EQ(refusal(file), "");
}

TEST(TokenizerFileTest, AnAddedTokenNeedsATextOfItsOwn) {
  const std::string needs = "t.json: added_tokens[0] needs a content of 1 to 256 bytes";
  EXPECT_EQ(refused([](auto& file) { added(file, 0)["content"] = ""; }), needs);
  EXPECT_EQ(refused([](auto& file) { added(file, 0)["content"] = 5; }), needs);
  EXPECT_EQ(refused([](auto& file) { added(file, 0)["content"] = std::string(257, 'x'); }), needs);
  EXPECT_EQ(refused([](auto& file) { added(file, 2)["content"] = "<end>"; }),
            "t.json: added_tokens[2] repeats the content <end>");
  EXPECT_EQ(refused([](auto& file) { file["added_tokens"].as_array()[1] = "x"; }),
            "t.json: added_tokens[1] is no object");
}

TEST(TokenizerFileTest, TooManyAddedTokensAreRefused) {
  EXPECT_EQ(refused([](auto& file) { file["added_tokens"].as_array().resize((1 << 16) + 1); }),
            "t.json: added_tokens has more than 65536 entries");
}

TEST(TokenizerFileTest, AMissingByteIsNamed) {
  EXPECT_EQ(refused([](auto& file) { vocab(file).erase("A"); }),
            "t.json: model.vocab has no token for the byte 65");
}

TEST(TokenizerFileTest, AMergeThatCannotBeIsNamed) {
  const auto with = [](json::value merge) {
    return refused([&](auto& file) { merges(file)[2] = std::move(merge); });
  };
  EXPECT_EQ(with("abc"), "t.json: model.merges[2] is \"abc\", but must be two words");
  EXPECT_EQ(with("a b c"), "t.json: model.merges[2] is \"a b c\", but must be two words");
  EXPECT_EQ(with(7), "t.json: model.merges[2] is 7, but must be two words");
  EXPECT_EQ(with(json::array{"a", 1}),
            "t.json: model.merges[2] is [\"a\",1], but must be two words");
  EXPECT_EQ(with("zz z"), "t.json: model.merges[2] is \"zz z\", but model.vocab has no word zz");
  EXPECT_EQ(with("z z"), "t.json: model.merges[2] is \"z z\", but model.vocab has no word zz");
  EXPECT_EQ(with(json::array{"a", "b"}), "t.json: model.merges[2] repeats an earlier merge");
}

TEST(TokenizerFileTest, MergesAreTextsOrPairs) {
  json::object file = small_tokenizer();
  merges(file) = {"a b", json::array{"b", "c"}, "ab c"};
  const Result<Tokenizer> tokenizer = make_tokenizer(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(encoded(*tokenizer, "abcbc"), (Tokens{258, 257}));
}

json::object template_of(json::array single) {
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"special_tokens", json::object{{"<end>", json::object{{"ids", json::array{300}}}},
                                          {"<no>", json::object{{"ids", json::array{299}}}}}}};
}
json::object special(const char* name) { return {{"SpecialToken", json::object{{"id", name}}}}; }
const json::object kText{{"Sequence", json::object{{"id", "A"}}}};

TEST(TokenizerFileTest, ATemplateSaysWhatStandsAroundAText) {
  json::object file = small_tokenizer();
  file["post_processor"] = json::object{
      {"type", "Sequence"},
      {"processors",
       json::array{json::object{{"type", "ByteLevel"}},
                   template_of({special("<end>"), special("<end>"), kText, special("<end>")})}}};
  const Result<Tokenizer> tokenizer = make_tokenizer(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->surround({1, 2}), (Tokens{300, 300, 1, 2, 300}));
}

TEST(TokenizerFileTest, APostProcessorThatCannotBeIsNamed) {
  const auto with = [](const json::value& processor) {
    return refused([&](auto& file) { file["post_processor"] = processor; });
  };
  EXPECT_EQ(with(json::object{{"type", "Bert"}}),
            "t.json: post_processor is {\"type\":\"Bert\"}, which is not supported");
  EXPECT_EQ(with(5), "t.json: post_processor is 5, which is not supported");
  EXPECT_EQ(with(template_of({special("<end>")})),
            "t.json: post_processor has no place for the text");
  EXPECT_THAT(with(template_of({kText, kText})), HasSubstr("has the piece {\"Sequence\""));
  EXPECT_EQ(with(template_of({special("<x>"), kText})),
            "t.json: post_processor does not tell the ids of <x>");
  EXPECT_EQ(with(template_of({special("<no>"), kText})),
            "t.json: post_processor gives <no> the unknown id 299");
  EXPECT_EQ(with(template_of(json::array(65, special("<end>")))),
            "t.json: post_processor adds more than 64 tokens");
  const json::object twice{{"type", "Sequence"},
                           {"processors", json::array{template_of({kText}), template_of({kText})}}};
  EXPECT_EQ(with(twice), "t.json: post_processor has two templates");
}

}  // namespace
}  // namespace unmask::tokenizer
