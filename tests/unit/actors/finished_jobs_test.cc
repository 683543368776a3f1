#include "actors/finished_jobs.h"

#include <gmock/gmock.h>

#include "tests/unit/actors/sent.h"

namespace unmask::actors {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FinishedJobsTest, TheOldestIsForgottenBeyondTheNumber) {
  FinishedJobs jobs({.max_jobs = 2, .max_bytes = 100});
  EXPECT_THAT(jobs.add(job_id(1), 1), IsEmpty());
  EXPECT_THAT(jobs.add(job_id(2), 1), IsEmpty());
  EXPECT_THAT(jobs.add(job_id(3), 1), ElementsAre(job_id(1)));
  EXPECT_THAT(jobs.latest_first(), ElementsAre(job_id(3), job_id(2)));
}

TEST(FinishedJobsTest, AsManyAreForgottenAsTheLatestTakesBytes) {
  FinishedJobs jobs({.max_jobs = 10, .max_bytes = 100});
  for (int i = 1; i <= 3; ++i) EXPECT_THAT(jobs.add(job_id(i), 30), IsEmpty());
  EXPECT_THAT(jobs.add(job_id(4), 60), ElementsAre(job_id(1), job_id(2)));
  EXPECT_THAT(jobs.add(job_id(5), 10), IsEmpty());
}

TEST(FinishedJobsTest, TheLatestIsRememberedWhateverItTakes) {
  FinishedJobs jobs({.max_jobs = 10, .max_bytes = 100});
  EXPECT_THAT(jobs.add(job_id(1), 1), IsEmpty());
  EXPECT_THAT(jobs.add(job_id(2), 1000), ElementsAre(job_id(1)));
  EXPECT_THAT(jobs.add(job_id(3), 1), ElementsAre(job_id(2)));
}

}  // namespace
}  // namespace unmask::actors
