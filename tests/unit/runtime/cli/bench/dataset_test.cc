#include "runtime/cli/bench/dataset.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using testing::HasSubstr;

std::string text_of(const actors::Submit& job) {
  return std::get<actors::TextInput>(job.input).text;
}

TEST(DatasetTest, APromptALine) {
  const auto jobs = jobs_of_dataset("one\r\n\ntwo words\n", {});
  ASSERT_TRUE(jobs);
  ASSERT_EQ(jobs->size(), 2u);
  EXPECT_EQ(text_of((*jobs)[0]), "one");
  EXPECT_EQ(text_of((*jobs)[1]), "two words");
}

TEST(DatasetTest, AJobsFileSaysItsOwnParameters) {
  const auto jobs = jobs_of_dataset("{\"prompt\": \"one\", \"gen_length\": 16}\n", {});
  ASSERT_TRUE(jobs);
  EXPECT_EQ(text_of(jobs->at(0)), "one");
  EXPECT_EQ(jobs->at(0).parameters.at(0).name, "gen_length");
}

TEST(DatasetTest, NamesTheLineThatIsNoJob) {
  const auto jobs = jobs_of_dataset("{\"prompt\": \"one\"}\n\nnothing\n", {});
  ASSERT_FALSE(jobs);
  EXPECT_THAT(jobs.error().message, HasSubstr("line 3: "));
  EXPECT_FALSE(jobs_of_dataset("\n", {}));
}

TEST(DatasetTest, RequestsTakeTheJobsInTurnAndAgain) {
  const auto jobs = *jobs_of_dataset("one\ntwo\n", {});
  EXPECT_EQ(text_of(request_of(jobs, 3, 0)), "two");
  EXPECT_NE(request_of(jobs, 0, 0).job, request_of(jobs, 0, 0).job);
  EXPECT_TRUE(request_of(jobs, 0, 0).parameters.empty());
}

TEST(DatasetTest, JobsThatDrawTokensGetASeedFromTheLoad) {
  actors::Submit common;
  common.parameters = {{"temperature", "1"}};
  const auto jobs = built_in_jobs(common);
  EXPECT_EQ(request_of(jobs, 2, 40).parameters.back().value, "42");
}

}  // namespace
}  // namespace unmask::cli
