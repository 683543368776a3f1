#include "model/network/batch_shape.h"

#include <gtest/gtest.h>

#include "model/network/batch_layout.h"

namespace unmask::network {
namespace {

TEST(BatchShapeTest, BucketsHaveRoomAndAreFew) {
  EXPECT_EQ(bucket_of({1, 1, 0}, 4096), (BatchShape{16, 1, 0}));
  EXPECT_EQ(bucket_of({16, 2, 1}, 4096), (BatchShape{16, 8, 64}));
  EXPECT_EQ(bucket_of({17, 8, 65}, 4096), (BatchShape{32, 8, 128}));
  EXPECT_EQ(bucket_of({4096, 65, 0}, 4096), (BatchShape{4096, 512, 0}));
}

TEST(BatchShapeTest, NoBucketHasMoreRowsThanAStep) {
  EXPECT_EQ(bucket_of({600, 1, 0}, 700).rows, 700);
  EXPECT_EQ(bucket_of({3, 1, 0}, 10).rows, 10);
  EXPECT_EQ(bucket_of({70, 70, 0}, 100).sequences, 100);
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
