#include "runtime/cli/doctor/machine_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace unmask::cli {
namespace {

using testing::HasSubstr;

TEST(MachineChecksTest, PortableLoopsAreANote) {
  EXPECT_EQ(check_cpu(kernels::InstructionSet::kAvx512, 16).found, "avx512, 16 cores");
  EXPECT_EQ(check_cpu(kernels::InstructionSet::kAvx2, 1).verdict, Verdict::kOk);
  EXPECT_EQ(check_cpu(kernels::InstructionSet::kPortable, 1).verdict, Verdict::kNote);
}

TEST(MachineChecksTest, LittleMemoryIsANoteAndSoIsMemoryThatIsNotKnown) {
  EXPECT_EQ(check_memory({64ull << 30, 32ull << 30}).found, "32.0 GiB of 64.0 GiB free");
  EXPECT_EQ(check_memory({64ull << 30, 32ull << 30}).verdict, Verdict::kOk);
  EXPECT_EQ(check_memory({64ull << 30, 1ull << 20}).verdict, Verdict::kNote);
  EXPECT_EQ(check_memory({}).verdict, Verdict::kNote);
}

TEST(MachineChecksTest, DescriptorsAreEnoughForTheConnectionsThatAreConfigured) {
  EXPECT_EQ(check_descriptors(65'536, 1024, 512).verdict, Verdict::kOk);
  const Check check = check_descriptors(1024, 1024, 512);
  EXPECT_EQ(check.verdict, Verdict::kNote);
  EXPECT_THAT(check.found, HasSubstr("1024 per process, so at most 448 connections of HTTP"));
  EXPECT_THAT(check.advice, HasSubstr("LimitNOFILE"));
}

TEST(MachineChecksTest, HugePagesAreForWhoeverAsks) {
  EXPECT_EQ(check_huge_pages("madvise").verdict, Verdict::kOk);
  EXPECT_EQ(check_huge_pages("always").verdict, Verdict::kOk);
  EXPECT_EQ(check_huge_pages("never").verdict, Verdict::kNote);
  EXPECT_EQ(check_huge_pages("").found, "this kernel has none");
}

TEST(MachineChecksTest, AClockThatNobodyKeepsIsANote) {
  EXPECT_EQ(check_clock({true, true, 1500}).found, "synchronized, within 1.5 ms");
  EXPECT_EQ(check_clock({true, false, 0}).verdict, Verdict::kNote);
  EXPECT_EQ(check_clock({}).found, "the kernel does not say");
}

TEST(MachineChecksTest, WithoutLoopbackNothingWorks) {
  EXPECT_EQ(check_loopback({}).verdict, Verdict::kOk);
  EXPECT_EQ(check_loopback(Error{ErrorCode::kNotFound, "no such address"}).verdict,
            Verdict::kProblem);
}

}  // namespace
}  // namespace unmask::cli
