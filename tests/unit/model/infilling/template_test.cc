#include "model/infilling/template.h"

#include <gmock/gmock.h>

namespace unmask::infilling {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Template parsed(std::string_view text, Format format = Format::kText) {
  const Result<Template> made = parse_template(text, format);
  EXPECT_TRUE(made) << made.error().message;
  return made ? *made : Template();
}

std::string refusal(std::string_view text, Format format = Format::kText) {
  const Result<Template> made = parse_template(text, format);
  if (made) return "was taken";
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
  return made.error().message;
}

TEST(TemplateTest, ATextHasHolesOfSoManyTokens) {
  EXPECT_THAT(
      parsed("Dear {{name:4}},\n{{body.1:40}}").pieces,
      ElementsAre(Piece("Dear "), Piece(Hole{"name", 4}), Piece(",\n"), Piece(Hole{"body.1", 40})));
}

TEST(TemplateTest, BracesBehindABackslashAreText) {
  EXPECT_THAT(parsed("\\{{x}} {{a:1}} }} { {\\").pieces,
              ElementsAre(Piece("{{x}} "), Piece(Hole{"a", 1}), Piece(" }} { {\\")));
}

TEST(TemplateTest, WhatIsNoHoleIsRefusedWithItsLine) {
  for (const char* wrong : {"{{a}}", "{{:3}}", "{{a:0}}", "{{a:-1}}", "{{a:4097}}", "{{a:3",
                            "{{a b:3}}", "{{a:3:date}}", "{{a:3x}}", "{{a:99999999999}}", "{{"}) {
    EXPECT_THAT(refusal(std::string("one\ntwo ") + wrong),
                AllOf(HasSubstr("line 2"), HasSubstr("{{name:N}}")))
        << wrong;
  }
}

TEST(TemplateTest, HolesAreToldApart) {
  EXPECT_THAT(refusal("{{a:1}} {{a:2}}"), HasSubstr("two holes are called 'a'"));
  EXPECT_THAT(refusal("{{a:1}}{{b:2}}"), AllOf(HasSubstr("'a' and 'b' touch")));
  EXPECT_THAT(refusal("no hole"), HasSubstr("no hole"));
  EXPECT_THAT(refusal(""), HasSubstr("no hole"));
  std::string many;
  for (std::size_t i = 0; i <= kMaxHoles; ++i) many += "{{a" + std::to_string(i) + ":1}} ";
  EXPECT_THAT(refusal(many), HasSubstr("1025 holes"));
}

TEST(TemplateTest, OfJsonKeysAndPunctuationAreGiven) {
  const Hole flag{"ok", 1, HoleKind::kChoice, {"true", "false"}};
  EXPECT_THAT(
      parsed(R"({"name":"{{name:8}}","age":"{{age:3:integer}}","ok":"{{ok:1:boolean}}",
                 "n":[1.5,null,"a \"b\" {{c:2}}!"]})",
             Format::kJson)
          .pieces,
      ElementsAre(Piece("{\"name\": \""), Piece(Hole{"name", 8, HoleKind::kString}),
                  Piece("\", \"age\": "), Piece(Hole{"age", 3, HoleKind::kInteger}),
                  Piece(", \"ok\": "), Piece(flag), Piece(R"(, "n": [1.5, null, "a \"b\" )"),
                  Piece(Hole{"c", 2, HoleKind::kString}), Piece("!\"]}")));
}

TEST(TemplateTest, JsonThatCannotBeFilledIsRefused) {
  EXPECT_THAT(refusal("{", Format::kJson), HasSubstr("not JSON"));
  EXPECT_THAT(refusal(R"({"a":"x {{n:3:number}}"})", Format::kJson),
              HasSubstr("'n' stands in a string with other text"));
  EXPECT_THAT(refusal(R"({"a":"{{n}}"})", Format::kJson), HasSubstr("{{name:N}}"));
  EXPECT_THAT(refusal(std::string(100000, '['), Format::kJson), HasSubstr("not JSON"));
}

// ---- Pieces ----

TEST(PiecesTest, NothingInATextIsAHole) {
  EXPECT_THAT(
      parsed(R"(["int main() {",["middle",16],"} {{a:1}} \\\\"])", Format::kPieces).pieces,
      ElementsAre(Piece("int main() {"), Piece(Hole{"middle", 16}), Piece("} {{a:1}} \\\\")));
  EXPECT_THAT(parsed(R"(["",["middle",1],""])", Format::kPieces).pieces,
              ElementsAre(Piece(Hole{"middle", 1})));
}

TEST(PiecesTest, WhatIsNoPieceIsRefused) {
  for (const char* wrong : {"", "{}", "[5]", R"([["a",0]])", R"([["a",4097]])", R"([["a"]])",
                            R"([["",1]])", R"([[1,"a"]])", R"(["a"])"}) {
    EXPECT_NE(refusal(wrong, Format::kPieces), "was taken") << wrong;
  }
}

// ---- Schemas ----

TEST(JsonSchemaTest, AnObjectHasAHoleForEveryValue) {
  const char* schema = R"({"title": "A person", "type": "object", "required": ["name"],
    "additionalProperties": false, "properties": {
      "name": {"type": "string", "maxLength": 20},
      "age": {"type": "integer", "x-tokens": 3},
      "tall": {"type": "boolean"},
      "home": {"type": "object", "properties": {"no": {"type": "number"}}},
      "sizes": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"enum": ["S", 4, null]}},
      "kind": {"const": {"a": [1]}}, "none": {"type": "null"}}})";
  const Hole size{"sizes[0]", 0, HoleKind::kChoice, {"\"S\"", "4", "null"}};
  Hole other = size;
  other.name = "sizes[1]";
  EXPECT_THAT(
      parsed(schema, Format::kJsonSchema).pieces,
      ElementsAre(Piece("{\"name\": \""), Piece(Hole{"name", 10, HoleKind::kString, {}, 20}),
                  Piece("\", \"age\": "), Piece(Hole{"age", 3, HoleKind::kInteger}),
                  Piece(", \"tall\": "),
                  Piece(Hole{"tall", 0, HoleKind::kChoice, {"true", "false"}}),
                  Piece(", \"home\": {\"no\": "), Piece(Hole{"home.no", 8, HoleKind::kNumber}),
                  Piece("}, \"sizes\": ["), Piece(size), Piece(", "), Piece(other),
                  Piece("], \"kind\": {\"a\":[1]}, \"none\": null}")));
}

TEST(JsonSchemaTest, AReferenceStandsForItsDefinition) {
  const char* schema = R"({"$defs": {"Color": {"enum": ["red", "blue"]},
      "Home": {"type": "object", "properties": {"color": {"$ref": "#/$defs/Color"}}}},
    "type": "object", "properties": {
      "first": {"$ref": "#/$defs/Home", "title": "A home"},
      "second": {"$ref": "#/$defs/Home"}}})";
  const Hole first{"first.color", 0, HoleKind::kChoice, {"\"red\"", "\"blue\""}};
  Hole second = first;
  second.name = "second.color";
  EXPECT_THAT(parsed(schema, Format::kJsonSchema).pieces,
              ElementsAre(Piece("{\"first\": {\"color\": "), Piece(first),
                          Piece("}, \"second\": {\"color\": "), Piece(second), Piece("}}")));
}

TEST(JsonSchemaTest, AReferenceThatLeadsNowhereOrBackIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"$ref":"#/$defs/A"})", "\"$ref\" to nothing"},
      {R"({"$ref":"http://a/b","$defs":{}})", "\"$ref\" to nothing"},
      {R"({"$ref":5})", "\"$ref\" to nothing"},
      {R"({"$ref":"#/$defs/A","$defs":[]})", "\"$ref\" to nothing"},
      {R"({"$ref":"#/definitions/A","definitions":{"A":{"$ref":"#/definitions/A"}}})",
       "what it is a part of"},
      {R"({"$ref":"#/$defs/A","$defs":{"A":{"type":"object","properties":{"a":{"$ref":"#/$defs/B"}}},
       "B":{"$ref":"#/$defs/A"}}})",
       "'a' of the schema has a \"$ref\" to what it is a part of"},
      {R"({"$ref":"#/$defs/A","pattern":"a","$defs":{"A":{"type":"integer"}}})", "\"pattern\""}};
  for (const auto& [schema, why] : cases) {
    EXPECT_THAT(refusal(schema, Format::kJsonSchema), HasSubstr(why)) << schema;
  }
}

TEST(JsonSchemaTest, DefinitionsThatDoubleEachOtherAreCounted) {
  std::string schema = R"({"$ref":"#/$defs/0","$defs":{)";
  for (int i = 0; i < 40; ++i) {
    const std::string next = R"({"$ref":"#/$defs/)" + std::to_string(i + 1) + R"("})";
    schema += '"' + std::to_string(i) + R"(":{"type":"array","minItems":2,"maxItems":2,"items":)" +
              next + "},";
  }
  schema += R"("40":{"type":"integer"}}})";
  EXPECT_THAT(refusal(schema, Format::kJsonSchema), HasSubstr("more than a template can have"));
}

TEST(JsonSchemaTest, WhatIsOutsideTheSubsetIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "the schema is no object"},
      {R"({})", "the schema does not say its \"type\""},
      {R"({"type":["string","null"]})", "does not say its \"type\" as one word"},
      {R"({"type":"date"})", "type \"date\""},
      {R"({"type":"string","pattern":"a+"})", "\"pattern\""},
      {R"({"type":"string","format":"date"})", "\"format\""},
      {R"({"type":"string","minLength":1})", "\"minLength\""},
      {R"({"type":"string","maxLength":0})", "\"maxLength\""},
      {R"({"type":"integer","minimum":1})", "\"minimum\""},
      {R"({"type":"integer","x-tokens":0})", "\"x-tokens\""},
      {R"({"type":"object"})", "\"properties\""},
      {R"({"type":"object","properties":{"a":{"type":"object","properties":{"b":{"$ref":"x"}}}}})",
       "'a.b' of the schema"},
      {R"({"type":"object","properties":{},"required":["a"]})", "\"required\""},
      {R"({"type":"object","properties":{},"patternProperties":{}})", "\"patternProperties\""},
      {R"({"type":"array","items":{"type":"null"}})", "length is not stated"},
      {R"({"type":"array","items":{"type":"null"},"minItems":1,"maxItems":2})",
       "length is not stated"},
      {R"({"type":"array","minItems":1,"maxItems":1})", "\"items\""},
      {R"({"enum":[]})", "\"enum\""},
      {R"({"enum":[{}]})", "\"enum\" with an object"},
      {R"({"type":"string","enum":["a",1]})", "not of its \"type\""},
      {R"({"type":"string","const":1})", "not of its \"type\""},
      {R"({"anyOf":[{"type":"null"}]})", "does not say its \"type\""},
      {R"({"type":"null"})", "no hole"},
  };
  for (const auto& [schema, why] : cases) {
    EXPECT_THAT(refusal(schema, Format::kJsonSchema), HasSubstr(why)) << schema;
  }
}

TEST(JsonSchemaTest, LongValuesInLongArraysAreCounted) {
  const std::string item = std::string(10000, 'x');
  for (const std::string& items :
       {R"({"const":")" + item + R"("})", R"({"enum":[")" + item + R"("]})"}) {
    EXPECT_THAT(refusal(R"({"type":"array","minItems":1000,"maxItems":1000,"items":)" + items + "}",
                        Format::kJsonSchema),
                HasSubstr("more than a template can have"));
  }
}

TEST(JsonSchemaTest, ChoicesAreLimited) {
  std::string values = "0";
  for (int i = 1; i < 128; ++i) values += "," + std::to_string(i);
  EXPECT_EQ(refusal("{\"enum\":[" + values + "]}", Format::kJsonSchema), "was taken");
  EXPECT_THAT(refusal("{\"enum\":[" + values + ",128]}", Format::kJsonSchema),
              HasSubstr("the limit is 128"));
}

TEST(JsonSchemaTest, ArraysOfArraysAreCounted) {
  std::string schema = R"({"type":"integer"})";
  for (int i = 0; i < 8; ++i) {
    schema = R"({"type":"array","minItems":1000,"maxItems":1000,"items":)" + schema + "}";
  }
  EXPECT_THAT(refusal(schema, Format::kJsonSchema), HasSubstr("more than a template can have"));
}

}  // namespace
}  // namespace unmask::infilling
