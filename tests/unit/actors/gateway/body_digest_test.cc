#include "actors/gateway/body_digest.h"

#include <gtest/gtest.h>

#include <functional>

namespace unmask::actors {
namespace {

Submit submission() {
  Submit submit;
  submit.model = "tiny";
  submit.input = TokenInput{{1, 2, 3}, {{1, 2}}};
  submit.parameters = {{"gen_length", "4"}};
  submit.stop = {"a", "b"};
  return submit;
}

TEST(BodyDigestTest, WhoWatchesAndHowLongIsLeftDoesNotMakeAnotherJob) {
  Submit other = submission();
  other.job.bytes[0] = 1;
  other.deadline = std::chrono::seconds(1);
  other.subscription = {false, true, true};
  other.resume_after_block = 3;
  EXPECT_EQ(body_digest(other), body_digest(submission()));
}

TEST(BodyDigestTest, WhateverDecidesTheResultDoes) {
  const std::function<void(Submit&)> changes[] = {
      [](Submit& s) { s.model = "other"; },
      [](Submit& s) {
        s.input = TextInput{"x", false};
      },
      [](Submit& s) { std::get<TokenInput>(s.input).tokens[2] = 4; },
      [](Submit& s) { std::get<TokenInput>(s.input).holes[0].end = 3; },
      [](Submit& s) { std::get<TokenInput>(s.input).holes.clear(); },
      [](Submit& s) { std::get<TokenInput>(s.input).rules.never_chosen = {1}; },
      [](Submit& s) {
        std::get<TokenInput>(s.input).rules.choices = {{{1, 2}, {3}}};
      },
      [](Submit& s) { s.input = TemplateInput{}; },
      [](Submit& s) { s.parameters[0].value = "5"; },
      [](Submit& s) { s.parameters.clear(); },
      [](Submit& s) { s.stop = {"ab"}; },
      [](Submit& s) { s.stop.pop_back(); },
  };
  for (const auto& change : changes) {
    Submit other = submission();
    change(other);
    EXPECT_NE(body_digest(other), body_digest(submission()));
  }
}

TEST(BodyDigestTest, TextsThatReadAlikeInARowAreToldApart) {
  Submit one = submission(), two = submission();
  one.input = ChatInput{{{"user", "ab"}}};
  two.input = ChatInput{{{"usera", "b"}}};
  EXPECT_NE(body_digest(one), body_digest(two));
  one.input = TextInput{"x", true};
  two.input = TextInput{"x", false};
  EXPECT_NE(body_digest(one), body_digest(two));
  one.input = TemplateInput{{}, "x", infilling::Format::kJson};
  two.input = TemplateInput{{}, "x", infilling::Format::kJsonSchema};
  EXPECT_NE(body_digest(one), body_digest(two));
  two.input = TemplateInput{{{"user", "x"}}, "x", infilling::Format::kJson};
  EXPECT_NE(body_digest(one), body_digest(two));
  one.input = TextInput{"x", true};
  two.input = TextInput{"x", true, true};
  EXPECT_NE(body_digest(one), body_digest(two));
}

}  // namespace
}  // namespace unmask::actors
