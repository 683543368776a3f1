#include "runtime/config/device_name.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

using Kind = DeviceName::Kind;

TEST(DeviceNameTest, EveryNameIsRead) {
  EXPECT_EQ(parse_device_name("auto"), DeviceName{});
  EXPECT_EQ(parse_device_name("cpu"), (DeviceName{Kind::kCpu}));
  EXPECT_EQ(parse_device_name("cuda"), (DeviceName{Kind::kCuda}));
  EXPECT_EQ(parse_device_name("cuda:12"), (DeviceName{Kind::kCuda, 12}));
}

TEST(DeviceNameTest, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:1x", "cuda: 1", "cuda:99999999999", "cpu:0"}) {
    EXPECT_EQ(parse_device_name(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace unmask
