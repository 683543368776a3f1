#include "rpc/openai/answer_names.h"

#include <gtest/gtest.h>

#include "rpc/client/job_id.h"

namespace unmask::rpc {
namespace {

TEST(AnswerNamesTest, ANameStandsForTheLatestJobThatWasGivenIt) {
  AnswerNames names;
  const JobId first = random_job_id(), second = random_job_id();
  names.add(1, "a", first);
  EXPECT_EQ(names.find(1, "a"), first);
  names.add(1, "a", second);
  EXPECT_EQ(names.find(1, "a"), second);
  EXPECT_FALSE(names.find(1, "b"));
}

TEST(AnswerNamesTest, EveryKeyHasNamesOfItsOwn) {
  AnswerNames names;
  const JobId first = random_job_id(), second = random_job_id();
  names.add(1, "a", first);
  names.add(2, "a", second);
  EXPECT_EQ(names.find(1, "a"), first);
  EXPECT_EQ(names.find(2, "a"), second);
  EXPECT_FALSE(names.find(3, "a"));
}

TEST(AnswerNamesTest, TheOldestIsForgotten) {
  AnswerNames names;
  const JobId job = random_job_id();
  for (std::size_t i = 0; i <= AnswerNames::kMaxNames; ++i) names.add(0, std::to_string(i), job);
  EXPECT_FALSE(names.find(0, "0"));
  EXPECT_TRUE(names.find(0, "1"));
  EXPECT_TRUE(names.find(0, std::to_string(AnswerNames::kMaxNames)));
}

}  // namespace
}  // namespace unmask::rpc
