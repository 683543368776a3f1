#include "runtime/os/host_port.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(HostPortTest, AddressesAreReadAndWrittenTheSame) {
  EXPECT_EQ(*parse_host_port("10.0.0.1:7400"), (HostPort{"10.0.0.1", 7400}));
  EXPECT_EQ(*parse_host_port("node-1.lan:0"), (HostPort{"node-1.lan", 0}));
  EXPECT_EQ(*parse_host_port("[::1]:80"), (HostPort{"::1", 80}));
  for (const char* text : {"10.0.0.1:7400", "node-1.lan:0", "[::1]:80"}) {
    EXPECT_EQ(parse_host_port(text)->to_string(), text);
  }
}

TEST(HostPortTest, WhatIsNoAddressIsRefused) {
  for (const char* text : {"", "host", ":80", "host:", "host:x", "host:65536", "host:-1", "host:1 ",
                           "::1:80", "ho st:1", "a/b:1", "[]:1", "[::1:80", "host:1x"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

TEST(HostPortTest, LoopbackIsWhatOnlyThisMachineReaches) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "127.evil.org", "example.org", ""}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

}  // namespace
}  // namespace unmask
