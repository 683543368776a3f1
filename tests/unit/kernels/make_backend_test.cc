#include "kernels/make_backend.h"

#include <gmock/gmock.h>

namespace unmask::kernels {
namespace {

using testing::HasSubstr;

TEST(MakeBackendTest, ADeviceSaysWhatItIs) {
  for (const InstructionSet set : kInstructionSets) {
    if (!is_available(set)) continue;
    const auto backend = make_backend({.num_threads = 1, .instructions = set});
    ASSERT_TRUE(backend);
    EXPECT_EQ((*backend)->numeric_class(), "cpu-" + std::string(name_of(set)));
    EXPECT_EQ((*backend)->activation_dtype(), DType::kF32);
    EXPECT_EQ((*backend)->kind(), DeviceKind::kCpu);
    EXPECT_GT((*backend)->memory().total_bytes, 0u);
    EXPECT_GE((*backend)->memory().total_bytes, (*backend)->memory().free_bytes);
  }
}

TEST(MakeBackendTest, TheBestInstructionsAreTakenIfNoneAreNamed) {
  const auto backend = make_backend({.num_threads = 1});
  ASSERT_TRUE(backend);
  EXPECT_EQ((*backend)->numeric_class(), "cpu-" + std::string(name_of(best_instruction_set())));
}

TEST(MakeBackendTest, WhatThisMachineCannotRunIsRefused) {
  for (const InstructionSet set : kInstructionSets) {
    if (is_available(set)) continue;
    const auto refused = make_backend({.instructions = set});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("--instructions " + std::string(name_of(set))));
    EXPECT_THAT(refused.error().message, HasSubstr("portable"));
  }
}

TEST(MakeBackendTest, AProgramWithoutCudaSaysHowToGetOneThatHasIt) {
#ifndef UNMASK_HAS_CUDA
  const auto refused = make_backend({.kind = DeviceKind::kCuda});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("./dev build cuda"));
#endif
}

}  // namespace
}  // namespace unmask::kernels
