#include "runtime/os/clock_sync.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(ClockSyncTest, WhatIsSynchronizedIsKnown) {
  const ClockSync clock = clock_sync();
  EXPECT_TRUE(clock.is_known || !clock.is_synchronized);
  EXPECT_GE(clock.max_error_us, 0);
}

}  // namespace
}  // namespace unmask
