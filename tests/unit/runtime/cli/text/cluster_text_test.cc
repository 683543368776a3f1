#include "runtime/cli/text/cluster_text.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

TEST(ClusterTextTest, JobsStandBelowTheirHeadings) {
  actors::JobList list;
  actors::JobSummary job;
  job.state = actors::JobSummary::State::kRunning;
  job.client = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
  job.tokens = 12;
  job.forwards = 5;
  job.block = 1;
  job.num_blocks = 4;
  job.age = milliseconds(90'000);
  job.run_time = milliseconds(4'000);
  list.jobs = {job};
  actors::JobSummary waits;
  waits.age = milliseconds(500);
  list.jobs.push_back(waits);
  EXPECT_EQ(
      to_text(list),
      "JOB                               CLIENT    STATE    BLOCK  TOKENS  FORWARDS  AGE     "
      "RUN  OUTCOME\n"
      "00000000000000000000000000000000  rq:rM>}U  running  1/4    12      5         1 min   4 s\n"
      "00000000000000000000000000000000            queued   0/0    0       0         500 ms  -\n");
}

TEST(ClusterTextTest, NoJobsAreSaidInWords) { EXPECT_EQ(to_text(actors::JobList{}), "no jobs\n"); }

TEST(ClusterTextTest, AStatusSaysWhatARestartLoses) {
  actors::ClusterStatus status;
  status.is_ready = true;
  status.model = "tiny";
  status.version = "0.1.0";
  status.durability = "a restart of the coordinator loses jobs";
  status.members = {
      {{{actors::Role::kCoordinator, 0, 0}, 41, "here", "http://here:1"}, "ready", "", 1},
      {{{actors::Role::kWorker, 0, 1}, 42, "here", ""}, "loading", "weights", 0.5f}};
  const std::string text = to_text(status);
  EXPECT_THAT(text, HasSubstr("ready: serves tiny (unmask 0.1.0)\n"));
  EXPECT_THAT(text, HasSubstr("durability  a restart of the coordinator loses jobs\n"));
  EXPECT_THAT(text, HasSubstr("worker       0        1     42   here  loading: weights 50 %\n"));
  EXPECT_THAT(text, HasSubstr("coordinator  -        -     41"));
}

TEST(ClusterTextTest, AStatusSaysWhyAMemberWasStartedAgain) {
  actors::ClusterStatus status;
  status.members = {{{{actors::Role::kWorker, 0, 0}, 41, "here", ""}, "ready", "", 1},
                    {{{actors::Role::kWorker, 0, 1},
                      42,
                      "here",
                      "",
                      actors::EndReason::kHardware,
                      "worker 1 failed with exit code 6: an ECC error"},
                     "ready",
                     "",
                     1}};
  EXPECT_THAT(to_text(status),
              testing::EndsWith("\nstarted again (hardware): worker 1 failed with exit code 6: an "
                                "ECC error\n"));
  status.members.pop_back();
  EXPECT_THAT(to_text(status), Not(HasSubstr("started again")));
}

TEST(ClusterTextTest, WhatTheClusterSaysCannotCommandTheTerminal) {
  actors::ClusterStatus status;
  status.model = "\x1b[2J";
  status.durability = "a\nb";
  EXPECT_THAT(to_text(status), Not(HasSubstr("\x1b")));
  EXPECT_THAT(to_text(status), Not(HasSubstr("a\nb")));
}

TEST(ClusterTextTest, TimesHaveTheUnitThatSuitsThem) {
  EXPECT_EQ(short_time(milliseconds(850)), "850 ms");
  EXPECT_EQ(short_time(milliseconds(12'900)), "12 s");
  EXPECT_EQ(short_time(milliseconds(3'599'999)), "59 min");
  EXPECT_EQ(short_time(milliseconds(7'200'000)), "2 h");
}

}  // namespace
}  // namespace unmask::cli
