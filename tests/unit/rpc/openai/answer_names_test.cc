#include "rpc/openai/answer_names.h"

#include <gtest/gtest.h>

#include "rpc/client/job_id.h"

namespace unmask::rpc {
namespace {

TEST(AnswerNamesTest, ANameStandsForTheLatestJobThatWasGivenIt) {
  AnswerNames names;
  const JobId first = random_job_id(), second = random_job_id();
  names.add("a", first);
  EXPECT_EQ(names.find("a"), first);
  names.add("a", second);
  EXPECT_EQ(names.find("a"), second);
  EXPECT_FALSE(names.find("b"));
}

TEST(AnswerNamesTest, TheOldestIsForgotten) {
  AnswerNames names;
  const JobId job = random_job_id();
  for (std::size_t i = 0; i <= AnswerNames::kMaxNames; ++i) names.add(std::to_string(i), job);
  EXPECT_FALSE(names.find("0"));
  EXPECT_TRUE(names.find("1"));
  EXPECT_TRUE(names.find(std::to_string(AnswerNames::kMaxNames)));
}

}  // namespace
}  // namespace unmask::rpc
