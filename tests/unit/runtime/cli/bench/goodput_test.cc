#include "runtime/cli/bench/goodput.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RequestRecord answered(std::vector<double> block_s, double end_s) {
  RequestRecord record;
  record.start_s = 1;
  record.block_s = std::move(block_s);
  record.end_s = end_s;
  record.end.queue_s = 0.02;
  return record;
}

TEST(GoodputTest, LatenciesAreInMilliseconds) {
  const RequestRecord record = answered({1.25, 1.5, 2.5}, 2.75);
  EXPECT_THAT(latencies_of(record, Latency::kQueue), ElementsAre(20));
  EXPECT_THAT(latencies_of(record, Latency::kFirstBlock), ElementsAre(250));
  EXPECT_THAT(latencies_of(record, Latency::kBlockInterval), ElementsAre(250, 1000));
  EXPECT_THAT(latencies_of(record, Latency::kJob), ElementsAre(1750));
}

TEST(GoodputTest, EveryObjectiveHasToBeKept) {
  const RequestRecord record = answered({1.25, 1.5, 2.5}, 2.75);
  const auto is_kept = [&](const char* text) { return keeps(record, *parse_goodput(text)); };
  EXPECT_TRUE(is_kept("ttft:250 e2el:1750"));
  EXPECT_TRUE(is_kept("ttfb:250,queue:20"));
  EXPECT_FALSE(is_kept("ttft:249 e2el:1750"));
  EXPECT_FALSE(is_kept("ttft:250 e2el:1749"));
  EXPECT_TRUE(is_kept("ibl:625")) << "of intervals the mean counts";
  EXPECT_FALSE(is_kept("itl:624"));
}

TEST(GoodputTest, WhatFailedKeepsNothing) {
  RequestRecord record = answered({1.25}, 1.25);
  EXPECT_TRUE(keeps(record, *parse_goodput("itl:1"))) << "one block has no interval";
  record.end.failure = "full";
  EXPECT_FALSE(keeps(record, *parse_goodput("e2el:100000")));
}

TEST(GoodputTest, AnAnswerWithoutABlockHasNoFirstOne) {
  EXPECT_FALSE(keeps(answered({}, 2), *parse_goodput("ttft:100000")));
}

TEST(GoodputTest, NamesWhatIsNoObjective) {
  for (const char* wrong : {"ttft", "tpot:10", "ttft:200 e2el", "ttft:-1", "e2el:soon"}) {
    const auto parsed = parse_goodput(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_THAT(parsed.error().message, HasSubstr("is no ")) << wrong;
  }
  EXPECT_FALSE(parse_goodput(" "));
}

}  // namespace
}  // namespace unmask::cli
