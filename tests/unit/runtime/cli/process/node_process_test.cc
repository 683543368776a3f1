#include "runtime/cli/process/node_process.h"

#include <gtest/gtest.h>

namespace unmask::cli {
namespace {

TEST(AnnouncementTest, WhatIsAnnouncedIsReadAgain) {
  const Announcement written{"[::1]:7400", {"127.0.0.1", 8080}};
  const std::optional<Announcement> read = Announcement::parse(written.to_line());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->address, written.address);
  EXPECT_EQ(read->http, written.http);
}

TEST(AnnouncementTest, OtherLinesAreNone) {
  EXPECT_FALSE(Announcement::parse(""));
  EXPECT_FALSE(Announcement::parse("unmask listens at 127.0.0.1:1"));
  EXPECT_FALSE(Announcement::parse("unmask listens at 127.0.0.1:1, http at nowhere"));
  EXPECT_FALSE(Announcement::parse("coordinator is up address=127.0.0.1:1, http at 127.0.0.1:2"));
}

}  // namespace
}  // namespace unmask::cli
