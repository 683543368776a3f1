#include "rpc/openai/answer_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/client/job_id.h"

namespace unmask::rpc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(AnswerNamesTest, ANameStandsForTheLatestJobsThatWereGivenIt) {
  AnswerNames names;
  const JobId first = random_job_id(), second = random_job_id();
  names.set(1, "a", {first});
  EXPECT_THAT(names.find(1, "a"), ElementsAre(first));
  names.set(1, "a", {second, first});
  EXPECT_THAT(names.find(1, "a"), ElementsAre(second, first));
  EXPECT_THAT(names.find(1, "b"), IsEmpty());
}

TEST(AnswerNamesTest, EveryKeyHasNamesOfItsOwn) {
  AnswerNames names;
  const JobId first = random_job_id(), second = random_job_id();
  names.set(1, "a", {first});
  names.set(2, "a", {second});
  EXPECT_THAT(names.find(1, "a"), ElementsAre(first));
  EXPECT_THAT(names.find(2, "a"), ElementsAre(second));
  EXPECT_THAT(names.find(3, "a"), IsEmpty());
}

TEST(AnswerNamesTest, TheOldestIsForgotten) {
  AnswerNames names;
  const JobId job = random_job_id();
  for (std::size_t i = 0; i <= AnswerNames::kMaxNames; ++i) names.set(0, std::to_string(i), {job});
  EXPECT_THAT(names.find(0, "0"), IsEmpty());
  EXPECT_THAT(names.find(0, "1"), SizeIs(1));
  EXPECT_THAT(names.find(0, std::to_string(AnswerNames::kMaxNames)), SizeIs(1));
}

}  // namespace
}  // namespace unmask::rpc
