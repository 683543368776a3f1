#include "runtime/cli/top/top_text.h"

#include <gmock/gmock.h>

#include "tests/unit/runtime/cli/top/watched_cluster.h"

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TopTextTest, ShowsTotalsMembersAndJobs) {
  TopSnapshot snapshot = watched_cluster(12, 150, 40);
  snapshot.tokens_per_s = 25;
  EXPECT_THAT(
      top_lines(snapshot),
      ElementsAre("ready: unmask-tiny (unmask 0.1.0, epoch 2)",
                  "tokens/s 25.0   tokens/forward -   running 1   waiting 0   KV pages 3/64", "",
                  "MEMBER       PLACE  STATE  DEVICE  PID  MAIL",
                  "coordinator  -      ready  -       10   3",
                  "worker       0.1    ready  cpu     11   0", "",
                  "JOB       CLIENT    STATE    BLOCK  TOKENS  FORWARDS  AGE",
                  "00000000  client-w  running  1/2    7       4         1 s"));
}

TEST(TopTextTest, SaysThatThereIsNoJob) {
  TopSnapshot snapshot = watched_cluster(12, 150, 40);
  snapshot.jobs.jobs.clear();
  EXPECT_EQ(top_lines(snapshot).back(), "no job is running or waiting");
}

TEST(TopTextTest, AFrameIsDrawnOverTheOneBefore) {
  EXPECT_EQ(top_frame({"one", "two"}, 80, 24), "\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J");
}

TEST(TopTextTest, AFrameFitsTheTerminal) {
  EXPECT_EQ(top_frame({"a long line", "two"}, 7, 2), "\x1b[Ha long\x1b[K\r\ntwo\x1b[K\x1b[J");
  EXPECT_EQ(top_frame({"one", "two", "three"}, 80, 2),
            "\x1b[Hone\x1b[K\r\n... 2 more lines\x1b[K\x1b[J");
  EXPECT_THAT(top_frame({"one", "two"}, 80, 1), HasSubstr("... 2 more lines"));
}

}  // namespace
}  // namespace unmask::cli
