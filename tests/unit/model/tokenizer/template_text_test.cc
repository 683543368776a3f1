#include "model/tokenizer/template_text.h"

#include <gtest/gtest.h>

namespace unmask::tokenizer {
namespace {

TEST(TemplateTextTest, WhiteSpaceInTagsIsDroppedUnlessItPartsWords) {
  EXPECT_EQ(normal_form("{%  if  a == 'b c'\n %}{{ x|trim }}{% endif %}"),
            "{%if a=='b c'%}{{x|trim}}{%endif%}");
}

TEST(TemplateTextTest, WhiteSpaceMarksTakeTheWhiteSpaceOutsideTags) {
  EXPECT_EQ(normal_form("{{- a -}}\n  b \n\t{{- c }}"), "{{a}}b{{c}}");
  EXPECT_EQ(normal_form("a \n {{ b }}\n c"), "a \n {{b}}\n c");
}

TEST(TemplateTextTest, LinesThatHoldOnlyABlockTagLeaveNothing) {
  EXPECT_EQ(normal_form("x\n  {% if a %}\n  {% set b = 1 %}\ny\n{% endif %}"),
            "x\n{%if a%}{%set b=1%}y\n{%endif%}");
  EXPECT_EQ(normal_form("  {% if a %}\n\nx {% endif %}"), "{%if a%}\nx {%endif%}");
}

TEST(TemplateTextTest, CommentsAreNothing) {
  EXPECT_EQ(normal_form("a{# {{ b }} #}c"), "ac");
  EXPECT_EQ(normal_form("a \n{#- it's -#}\n c"), "ac");
}

TEST(TemplateTextTest, QuotesAndEscapesAreOfOneKind) {
  EXPECT_EQ(normal_form(R"({{ "a\n" + 'b"\t' + "it's" + '\\' }})"),
            "{{'a\n'}}{{'b\"\t'}}{{'it\\'s'}}{{'\\\\'}}");
}

TEST(TemplateTextTest, MembersAreNamedInOneWay) {
  EXPECT_EQ(normal_form("{{ m['role'] + m[\"a b\"] + m[0] }}"), "{{m.role+m['a b']+m[0]}}");
}

TEST(TemplateTextTest, AStringKeepsWhatLooksLikeATag) {
  EXPECT_EQ(normal_form("{{ '}} {%' }} x"), "{{'}} {%'}} x");
}

TEST(TemplateTextTest, MarkersOfWhatIsTrainedAreNothing) {
  EXPECT_EQ(normal_form("a {%- generation -%} {{ b }}\n {% endgeneration %}\nc"),
            normal_form("a {#- -#} {{ b }}\n {# #}\nc"));
  EXPECT_EQ(normal_form("{% generation of %}"), "{%generation of%}");
}

TEST(TemplateTextTest, ASumOfTextsIsItsParts) {
  EXPECT_EQ(normal_form("{{ 'a' + b.c + 'd' }}"), "{{'a'}}{{b.c}}{{'d'}}");
  EXPECT_EQ(normal_form("{{- 'a' }}{{ b|trim + '+' }}"), normal_form("{{ 'a' + b|trim + '+' }}"));
  EXPECT_EQ(normal_form(R"({{ '\'+' + b }})"), R"({{'\'+'}}{{b}})");
  for (const char* whole :
       {"{{a+b}}", "{{'a'+b if c else d}}", "{{('a'+b)*2}}", "{%set a='b'+c%}"}) {
    EXPECT_EQ(normal_form(whole), whole);
  }
}

TEST(TemplateTextTest, LinesMayEndAsOnAnotherSystem) {
  EXPECT_EQ(normal_form("\xef\xbb\xbf{% if a %}\r\nx\r\n{% endif %}\r\n"),
            normal_form("{% if a %}\nx\n{% endif %}\n"));
}

TEST(TemplateTextTest, AnyTextIsTaken) {
  for (const char* text :
       {"", "{", "{{", "{%", "{{ '", "{{ 'a\\", "{#", "{{-", "{{ -", "}}", "\n"}) {
    EXPECT_LE(normal_form(text).size(), 16u) << text;
  }
}

}  // namespace
}  // namespace unmask::tokenizer
