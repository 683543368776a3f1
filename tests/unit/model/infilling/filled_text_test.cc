#include "model/infilling/filled_text.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <map>

#include "model/infilling/json_text.h"
#include "model/infilling/template_tokens.h"
#include "runtime/base/rng.h"
#include "tests/golden/golden_files.h"

namespace unmask::infilling {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tokenizer::Tokenizer;
using Tokens = std::vector<std::int32_t>;

const Tokenizer& tiny() {
  static const Tokenizer tokenizer = *Tokenizer::open(source_dir() / "model/zoo/unmask-tiny");
  return tokenizer;
}

Tokens encoded(std::string_view text) { return *tiny().encode(text, false); }

struct Filling {
  Template given;
  TemplateTokens canvas;
  FilledText text;

  explicit Filling(std::string_view source, Format format = Format::kText)
      : given(*parse_template(source, format)),
        canvas(*tokens_of(given, {1, 2}, tiny())),
        text(tiny(), given, canvas.holes) {}

  [[nodiscard]] std::int32_t size() const { return std::int32_t(canvas.tokens.size()); }
  /// Tokens from the hole's beginning on.
  std::string append(std::int32_t end, std::size_t hole, std::string_view fill) {
    const Tokens tokens = encoded(fill);
    const std::int32_t begin = canvas.holes[hole].begin;
    return text.append(end, {{begin, begin + std::int32_t(tokens.size())}}, tokens);
  }
};

TEST(FilledTextTest, TheTextGoesOnWhereAllBeforeItIsFinal) {
  Filling filling("Dear {{name:9}}, how {{rest:8}}?");
  const Ranges& holes = filling.canvas.holes;
  EXPECT_EQ(filling.append(holes[0].begin + 5, 0, "Mia"), "Dear Mia");
  EXPECT_EQ(filling.text.append(holes[0].end, {}, {}), ", how ");
  EXPECT_EQ(filling.append(filling.size(), 1, "are you"), "are you?");
  EXPECT_EQ(filling.text.finish(true), "");
  EXPECT_THAT(filling.text.fills(), ElementsAre("Mia", "are you"));
}

TEST(FilledTextTest, HalfACharacterIsNotContinuedInAnotherHole) {
  Filling filling("{{a:4}}-{{b:4}}");
  const Tokens smile = encoded("\U0001f600");
  ASSERT_GT(smile.size(), 1u);
  const Ranges& holes = filling.canvas.holes;
  const Tokens halves{smile[0], smile[1]};
  const Ranges places{{holes[0].begin, holes[0].begin + 1}, {holes[1].begin, holes[1].begin + 1}};
  EXPECT_THAT(filling.text.append(filling.size(), places, halves), HasSubstr("\ufffd-\ufffd"));
}

TEST(FilledTextTest, ATextThatIsNotCompleteEndsInItsFirstOpenHole) {
  Filling filling("a {{a:9}} b {{b:9}} c");
  EXPECT_EQ(filling.append(filling.canvas.holes[0].begin + 3, 0, "x"), "a x");
  EXPECT_EQ(filling.text.finish(false), "");
  Filling untouched("a {{a:9}} b");
  EXPECT_EQ(untouched.text.finish(false), "");
}

TEST(FilledTextTest, WhereTheLastRunEndsEarlyTheRestIsWritten) {
  Filling filling("a {{a:9}}");
  EXPECT_EQ(filling.append(filling.canvas.holes[0].begin + 3, 0, "x"), "a x");
  EXPECT_EQ(filling.text.finish(true), "");
}

TEST(FilledTextTest, JsonTextIsOneOfWhatMayBe) {
  EXPECT_EQ(json_number("", true), "0");
  EXPECT_EQ(json_number("-", false), "0");
  EXPECT_EQ(json_number("-0", false), "0");
  EXPECT_EQ(json_number("007", true), "7");
  EXPECT_EQ(json_number("-12", true), "-12");
  EXPECT_EQ(json_number("1.5.2", false), "1.5");
  EXPECT_EQ(json_number("1.", false), "1");
  EXPECT_EQ(json_number("1.5", true), "1");
  EXPECT_EQ(json_number("-0.50", false), "-0.50");
  EXPECT_EQ(first_chars("h\u00e9llo", 2), "h\u00e9");
  EXPECT_EQ(json_escaped("a\"\\\n"), "a\\\"\\\\\\n");
}

/// One of the tokens that the rules leave.
std::int32_t draw(Rng& rng, const diffusion::HoleRules& rules, std::int32_t position,
                  std::map<std::int32_t, std::size_t>& chosen) {
  for (const diffusion::ChoiceRule& rule : rules.choices) {
    if (position < rule.positions.begin || position >= rule.positions.end) continue;
    const auto at = chosen.try_emplace(rule.positions.begin, rng.below(rule.num_choices())).first;
    return rule.token(at->second, position);
  }
  for (;;) {
    const auto token = std::int32_t(rng.below(std::uint64_t(tiny().size())));
    if (!std::ranges::binary_search(rules.never_chosen, token)) return token;
  }
}

/// What a random model under the rules writes into the holes, until an EOS.
std::string filled_at_random(Rng& rng, std::string_view source, Format format) {
  Filling filling(source, format);
  std::map<std::int32_t, std::size_t> chosen;
  Ranges places;
  Tokens tokens;
  for (const Range hole : filling.canvas.holes) {
    const auto end = std::int32_t(1 + rng.below(std::uint64_t(hole.size())));
    for (std::int32_t p = hole.begin; p < hole.end; ++p) {
      const std::int32_t token = draw(rng, filling.canvas.rules, p, chosen);
      if (token == diffusion::kEndOfRun) break;
      const bool is_choice = chosen.contains(hole.begin);
      if (!is_choice && p - hole.begin >= end) break;
      places.push_back({p, p + 1});
      tokens.push_back(token);
    }
  }
  return filling.text.append(filling.size(), places, tokens) + filling.text.finish(true);
}

TEST(FilledTextTest, WhateverIsFilledIntoASchemaParsesAndIsWhatTheSchemaSays) {
  const char* schema = R"({"type":"object","properties":{
      "name":{"type":"string","maxLength":5},"text":{"type":"string"},"n":{"type":"integer"},
      "x":{"type":"number"},"ok":{"type":"boolean"},
      "size":{"enum":["small","very \"large\"",12,-1.5,null,true]}}})";
  Rng rng(3, 0);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = filled_at_random(rng, schema, Format::kJsonSchema);
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(text, error);
    ASSERT_FALSE(error) << text;
    const boost::json::object& object = value.as_object();
    ASSERT_TRUE(object.at("name").is_string() && object.at("text").is_string()) << text;
    ASSERT_LE(first_chars(std::string_view(object.at("name").get_string()), 5).size(), 20u);
    ASSERT_EQ(first_chars(std::string_view(object.at("name").get_string()), 5),
              std::string_view(object.at("name").get_string()));
    ASSERT_TRUE(object.at("n").is_int64()) << text;
    ASSERT_TRUE(object.at("x").is_number() && object.at("ok").is_bool()) << text;
    const boost::json::array sizes{"small", "very \"large\"", 12, -1.5, nullptr, true};
    ASSERT_TRUE(std::ranges::count(sizes, object.at("size")) == 1) << text;
  }
}

TEST(FilledTextTest, ChoicesThatNoRuleWroteAreStillOnesOfTheList) {
  Filling filling(R"({"enum":["red","green"]})", Format::kJsonSchema);
  EXPECT_EQ(filling.append(filling.size(), 0, "\"gr"), "\"green\"");
  Filling empty(R"({"enum":["red","green"]})", Format::kJsonSchema);
  EXPECT_EQ(empty.text.append(empty.size(), {}, {}), "\"red\"");
}

TEST(TemplateTokensTest, TextIsGivenAndEveryHoleHasItsPositions) {
  const auto made = *tokens_of(*parse_template("ab {{a:3}} c", Format::kText), {1, 2}, tiny());
  const auto before = std::int32_t(2 + encoded("ab ").size());
  EXPECT_THAT(made.holes, ElementsAre(Range{before, before + 3}));
  EXPECT_TRUE(made.rules.empty());
  const Tokens behind(made.tokens.begin() + before + 3, made.tokens.end());
  EXPECT_EQ(behind, encoded(" c"));
}

TEST(TemplateTokensTest, TheTextOfATemplateMakesNoSpecialTokens) {
  const auto made = *tokens_of(*parse_template("<|endoftext|>{{a:3}}", Format::kText), {}, tiny());
  for (const std::int32_t token : made.tokens) EXPECT_FALSE(tiny().is_special(token));
}

TEST(TemplateTokensTest, WhatIsTooMuchForAJobIsRefused) {
  std::string choices = "\"" + std::string(50000, 'x') + "\"";
  for (int i = 0; i < 100; ++i) choices += "," + std::to_string(i);
  const auto refusal = [](const std::string& text, Format format) {
    const auto made = tokens_of(*parse_template(text, format), {}, tiny());
    return made ? "was taken" : made.error().message;
  };
  EXPECT_THAT(refusal("{\"enum\":[" + choices + "]}", Format::kJsonSchema),
              HasSubstr("too many tokens"));
  std::string many = "[0";
  for (int i = 0; i < 100; ++i) {
    many += ",\"{{n" + std::to_string(i) + ":4096:number}}\"";
  }
  EXPECT_THAT(refusal(many + "]", Format::kJson), HasSubstr("too much for one job"));
}

TEST(TemplateTokensTest, ARuleOfAChoiceIsAsLongAsTheLongest) {
  const auto made = *tokens_of(
      *parse_template(R"({"enum":["a","a long one of many words"]})", Format::kJsonSchema), {},
      tiny());
  ASSERT_EQ(made.rules.choices.size(), 1u);
  const diffusion::ChoiceRule& rule = made.rules.choices[0];
  EXPECT_EQ(rule.positions.size(), std::int32_t(encoded("\"a long one of many words\"").size()));
  EXPECT_EQ(rule.num_choices(), 2u);
  EXPECT_EQ(rule.token(0, rule.positions.end - 1), diffusion::kEndOfRun);
}

}  // namespace
}  // namespace unmask::infilling
