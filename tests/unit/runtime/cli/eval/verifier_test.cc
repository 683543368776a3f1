#include "runtime/cli/eval/verifier.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

TEST(VerifierTest, ExactMinusSpaceAround) {
  EXPECT_TRUE(is_right(Verifier::kExact, " a b\n", "a b"));
  EXPECT_FALSE(is_right(Verifier::kExact, "a  b", "a b"));
}

TEST(VerifierTest, TheLastNumberCountsHoweverItIsWritten) {
  EXPECT_EQ(final_number("First 32-11=21. Then 9 bottles."), "9");
  EXPECT_EQ(final_number("It costs $1,234.50."), "1234.5");
  EXPECT_EQ(final_number("007.0"), "7");
  EXPECT_EQ(final_number("12, 13, 145"), "145");
  EXPECT_EQ(final_number("1,2345"), "2345");
  EXPECT_EQ(final_number("-0"), "0");
  EXPECT_EQ(final_number("no number"), "");
}

TEST(VerifierTest, AMinusIsASignUnlessItSubtracts) {
  EXPECT_EQ(final_number("it is -5"), "-5");
  EXPECT_EQ(final_number("12-5"), "5");
  EXPECT_EQ(final_number("(3)-5"), "5");
}

TEST(VerifierTest, WhatStandsBehindTheMarkCounts) {
  EXPECT_TRUE(is_right(Verifier::kFinalNumber, "2+2=4\n#### 4", "#### 4"));
  EXPECT_EQ(final_number("5\n####"), "");
  EXPECT_FALSE(is_right(Verifier::kFinalNumber, "none", "none"));
}

TEST(VerifierTest, JsonIsComparedByValue) {
  EXPECT_TRUE(
      is_right(Verifier::kJson, R"({"b": [1, 2.0], "a": "x"})", R"({"a":"x","b":[1.0,2]})"));
  EXPECT_FALSE(is_right(Verifier::kJson, R"({"a": 1, "b": 2})", R"({"a": 1})"));
  EXPECT_FALSE(is_right(Verifier::kJson, R"({"a": 1})", R"({"a": "1"})"));
  EXPECT_FALSE(is_right(Verifier::kJson, "{", "{"));
  EXPECT_FALSE(is_right(Verifier::kJson, std::string(100'000, '['), "[]"));
}

TEST(VerifierTest, AChoiceIsALetterThatStandsAlone) {
  EXPECT_EQ(final_choice("B"), 'B');
  EXPECT_EQ(final_choice("The answer is (C) because B is wrong."), 'C');
  EXPECT_EQ(final_choice("A cat. So: D."), 'D');
  EXPECT_EQ(final_choice("CAB"), 0);
  EXPECT_EQ(final_choice(""), 0);
  EXPECT_FALSE(is_right(Verifier::kChoice, "none", "none"));
}

TEST(VerifierTest, AnUnknownOneIsRefusedWithTheNearest) {
  EXPECT_EQ(*parse_verifier("final_number"), Verifier::kFinalNumber);
  EXPECT_THAT(parse_verifier("exakt").error().message,
              testing::HasSubstr("did you mean \"exact\""));
}

}  // namespace
}  // namespace unmask::cli
