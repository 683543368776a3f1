#include "model/network/batch_shape.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/network/batch_layout.h"

namespace unmask::network {
namespace {

TEST(BatchShapeTest, BucketsHaveRoomAndAreFew) {
  EXPECT_EQ(bucket_of({1, 1, 0}, 4096, false), (BatchShape{16, 1, 0}));
  EXPECT_EQ(bucket_of({16, 2, 1}, 4096, false), (BatchShape{16, 8, 64}));
  EXPECT_EQ(bucket_of({17, 8, 65}, 4096, false), (BatchShape{32, 8, 128}));
  EXPECT_EQ(bucket_of({4096, 65, 0}, 4096, false), (BatchShape{4096, 512, 0}));
}

TEST(BatchShapeTest, NoBucketHasMoreRowsThanAStep) {
  EXPECT_EQ(bucket_of({600, 1, 0}, 700, false).rows, 700);
  EXPECT_EQ(bucket_of({3, 1, 0}, 10, false).rows, 10);
  EXPECT_EQ(bucket_of({70, 70, 0}, 100, false).sequences, 100);
}

TEST(BatchShapeTest, DecodedRowsHaveTheRoomOfAllUnlessTheyAreCounted) {
  const BatchShape used{.rows = 100, .sequences = 1, .decoded = 20};
  EXPECT_EQ(bucket_of(used, 4096, false).decoded, 128);
  EXPECT_EQ(bucket_of(used, 4096, true).decoded, 32);
  EXPECT_EQ(bucket_of({.rows = 100, .decoded = 100}, 110, true).decoded, 110);
  for (const bool counts_decoded : {false, true}) {
    EXPECT_EQ(bucket_of({.rows = 100}, 4096, counts_decoded).decoded, 0);
  }
}

TEST(BatchShapeTest, AllBucketsOfRowsAreKnown) {
  EXPECT_EQ(row_buckets(100), (std::vector<int>{16, 32, 64, 100}));
  EXPECT_EQ(row_buckets(128), (std::vector<int>{16, 32, 64, 128}));
  EXPECT_EQ(row_buckets(10), (std::vector<int>{10}));
  for (int rows = 1; rows <= 100; ++rows) {
    const std::vector<int> all = row_buckets(100);
    EXPECT_EQ(std::ranges::count(all, bucket_of({.rows = rows}, 100, false).rows), 1) << rows;
  }
}

TEST(BatchLayoutTest, ArraysFollowOneAnother) {
  const BatchLayout layout = layout_of({.rows = 20, .sequences = 3, .listed = 5});
  EXPECT_GE(layout.tokens, 2u) << "behind the counts";
  EXPECT_GE(layout.positions, layout.tokens + 20);
  EXPECT_GE(layout.row_offsets, layout.listed_offsets + 21);
  EXPECT_GE(layout.run_offsets, layout.row_offsets + 4);
  EXPECT_GE(layout.rest, layout.listed_tokens + 5);
}

}  // namespace
}  // namespace unmask::network
