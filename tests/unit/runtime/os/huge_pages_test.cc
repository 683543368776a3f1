#include "runtime/os/huge_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(HugePagesTest, TheModeInBracketsIsChosen) {
  EXPECT_EQ(chosen_mode("always [madvise] never"), "madvise");
  EXPECT_EQ(chosen_mode("[always] madvise never"), "always");
  EXPECT_EQ(chosen_mode("always madvise never"), "");
  EXPECT_EQ(chosen_mode("]always["), "");
  EXPECT_EQ(chosen_mode(""), "");
}

TEST(HugePagesTest, ThisMachineHasAModeOrNone) {
  EXPECT_THAT(huge_pages_mode(), testing::AnyOf("always", "madvise", "never", ""));
}

}  // namespace
}  // namespace unmask
