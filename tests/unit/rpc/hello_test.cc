#include "rpc/hello.h"

#include <gtest/gtest.h>

namespace unmask::rpc {
namespace {

TEST(HelloTest, WhatIsWrittenIsReadAgain) {
  const Hello hello{3, 5, 0x123456789abcdef0, 7};
  const Bytes body = encode_hello(hello);
  EXPECT_EQ(body.size(), kHelloBytes);
  EXPECT_EQ(decode_hello(body), hello);
}

TEST(HelloTest, AnotherLengthIsNone) {
  Bytes body = encode_hello({});
  body.pop_back();
  EXPECT_EQ(decode_hello(body), std::nullopt);
  EXPECT_EQ(decode_hello({}), std::nullopt);
}

TEST(HelloTest, OneCommonVersionIsEnough) {
  EXPECT_EQ(version_mismatch({1, 3}, {3, 9}), std::nullopt);
  EXPECT_EQ(version_mismatch({3, 9}, {1, 3}), std::nullopt);
  EXPECT_EQ(
      version_mismatch({2, 3}, {4, 4}),
      "the other end speaks protocol 4, this one protocol 2 to 3; use the same release on both "
      "ends");
}

}  // namespace
}  // namespace unmask::rpc
