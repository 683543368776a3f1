#include "runtime/os/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace unmask {
namespace {

TEST(DescriptorsTest, WhatIsWantedIsGivenWhereThereIsEnough) {
  const ConnectionLimits limits = share_descriptors(65'536, 1024, 512);
  EXPECT_EQ(limits.http, 1024u);
  EXPECT_EQ(limits.zmq, 512u);
}

TEST(DescriptorsTest, TogetherTheyLeaveAReserve) {
  for (const std::size_t limit : {64u, 256u, 1024u, 1500u}) {
    for (const std::size_t http : {1u, 100u, 1024u}) {
      for (const std::size_t zmq : {1u, 512u, 4096u}) {
        const ConnectionLimits limits = share_descriptors(limit, http, zmq);
        EXPECT_LE(limits.http, http);
        EXPECT_LE(limits.zmq, zmq);
        EXPECT_GE(limits.http, 1u);
        EXPECT_GE(limits.zmq, 1u);
        EXPECT_LE(limits.http + limits.zmq, limit > 256 ? limit - 128 : limit / 2);
      }
    }
  }
}

TEST(DescriptorsTest, WhatOneDoesNotWantIsTheOthers) {
  const ConnectionLimits limits = share_descriptors(1024, 1024, 100);
  EXPECT_EQ(limits.zmq, 100u);
  EXPECT_EQ(limits.http, 796u);
}

TEST(DescriptorsTest, TheLimitIsRaisedAsFarAsItMay) {
  const std::size_t limit = raise_descriptor_limit();
  rlimit now{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_GE(now.rlim_cur, limit);
  EXPECT_EQ(raise_descriptor_limit(), limit);
}

}  // namespace
}  // namespace unmask
