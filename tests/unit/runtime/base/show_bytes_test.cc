#include "runtime/base/show_bytes.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(ShowBytesTest, TheUnitIsTheLargestThatLeavesOneOrMore) {
  EXPECT_EQ(show_bytes(0), "0 B");
  EXPECT_EQ(show_bytes(1023), "1023 B");
  EXPECT_EQ(show_bytes(1536), "1.5 KiB");
  EXPECT_EQ(show_bytes(5 << 20), "5.0 MiB");
  EXPECT_EQ(show_bytes(std::uint64_t(3) << 40), "3.0 TiB");
  EXPECT_EQ(show_bytes(std::uint64_t(2048) << 40), "2048.0 TiB");
}

}  // namespace
}  // namespace unmask
