#include "rpc/client/job_id.h"

#include <gtest/gtest.h>

#include <set>

namespace unmask::rpc {
namespace {

TEST(JobIdTest, EachOneIsAnother) {
  std::set<JobId> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(random_job_id());
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(JobIdTest, HexadecimalDigitsAreReadInEitherCase) {
  JobId id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = std::uint8_t(17 * i);
  EXPECT_EQ(to_hex(id), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(*parse_job_id("00112233445566778899aabbccddeeff"), id);
  EXPECT_EQ(*parse_job_id("00112233445566778899AABBCCDDEEFF"), id);
}

TEST(JobIdTest, WhatIsNoIdIsRefused) {
  for (const char* const text :
       {"", "00112233445566778899aabbccddeef", "g0112233445566778899aabbccddeeff",
        "00112233445566778899aabbccddeeff0"}) {
    const Result<JobId> id = parse_job_id(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace unmask::rpc
