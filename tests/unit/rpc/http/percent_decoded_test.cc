#include "rpc/http/percent_decoded.h"

#include <gtest/gtest.h>

namespace unmask::rpc {
namespace {

TEST(PercentDecodedTest, TriplesAreBytesAndTheRestStays) {
  EXPECT_EQ(percent_decoded("user%3A42"), "user:42");
  EXPECT_EQ(percent_decoded("a%2fb%2Fc%25"), "a/b/c%");
  for (const char* text : {"", "abc", "%", "%4", "%zz", "%-1", "a%%"}) {
    EXPECT_EQ(percent_decoded(text), text);
  }
}

}  // namespace
}  // namespace unmask::rpc
