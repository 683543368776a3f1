#include "runtime/cli/top/top_snapshot.h"

#include <gmock/gmock.h>

#include "tests/unit/runtime/cli/top/watched_cluster.h"

namespace unmask::cli {
namespace {

using testing::HasSubstr;

TEST(TopSnapshotTest, RatesAreOfWhatWasCountedInBetween) {
  TopSnapshot now = watched_cluster(12, 150, 40);
  set_rates(now, watched_cluster(10, 100, 20));
  EXPECT_DOUBLE_EQ(now.tokens_per_s.value(), 25);
  EXPECT_DOUBLE_EQ(now.tokens_per_forward.value(), 2.5);
}

TEST(TopSnapshotTest, AnIdleClusterHasNoTokensPerForward) {
  TopSnapshot now = watched_cluster(12, 100, 20);
  set_rates(now, watched_cluster(10, 100, 20));
  EXPECT_DOUBLE_EQ(now.tokens_per_s.value(), 0);
  EXPECT_FALSE(now.tokens_per_forward);
}

TEST(TopSnapshotTest, AnotherLifeOfTheCoordinatorCountsFromZero) {
  TopSnapshot now = watched_cluster(12, 5, 2);
  now.status.members[0].process.pid = 99;
  set_rates(now, watched_cluster(10, 100, 20));
  EXPECT_FALSE(now.tokens_per_s);
}

TEST(TopSnapshotTest, WhoDoesNotAnswerHasNoFigures) {
  TopSnapshot now = watched_cluster(12, 150, 40);
  now.metrics.erase("http://127.0.0.1:1");
  set_rates(now, watched_cluster(10, 100, 20));
  EXPECT_FALSE(now.tokens_per_s);
  EXPECT_FALSE(mailbox_depth(now, now.status.members[0]));
  EXPECT_EQ(mailbox_depth(now, now.status.members[1]), 0);
  EXPECT_EQ(device_of(now, now.status.members[1]), "cpu");
  EXPECT_EQ(device_of(now, now.status.members[0]), "");
}

TEST(TopSnapshotTest, JsonHasEverything) {
  const std::string json = to_json(watched_cluster(12, 150, 40));
  EXPECT_THAT(json, HasSubstr(R"("tokens_per_second":null)"));
  EXPECT_THAT(json, HasSubstr(R"("mailboxes":{"scheduler":2,"membership":1})"));
  EXPECT_THAT(json, HasSubstr(R"("device":"cpu")"));
  EXPECT_THAT(json, HasSubstr(R"("state":"running")"));
}

}  // namespace
}  // namespace unmask::cli
