#include "runtime/cli/doctor/gpu_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/cli/doctor/checked_gpus.h"

namespace unmask::cli {
namespace {

using kernels::Gpus;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr bool kIsWanted = true;
constexpr bool kIsNotWanted = false;

TEST(GpuChecksTest, AGpuIsWantedByWhoeverNamesCuda) {
  ClusterConfig config;
  EXPECT_FALSE(wants_gpu(config));
  config.compute.device = "cuda";
  EXPECT_TRUE(wants_gpu(config));
  config.compute.device = "auto";
  config.cluster.workers = 2;
  config.workers = {{.rank = 0}, {.rank = 1, .device = "cuda:3"}};
  EXPECT_TRUE(wants_gpu(config));
}

TEST(GpuChecksTest, ADriverThatIsNotThereIsAProblemOnlyToThoseWhoWantIt) {
  Gpus gpus = checked_gpus(0);
  gpus.driver_version = 0;
  EXPECT_EQ(check_driver(gpus, kIsNotWanted).verdict, Verdict::kNote);
  EXPECT_EQ(check_driver(gpus, kIsWanted).verdict, Verdict::kProblem);
  EXPECT_THAT(check_driver(gpus, kIsWanted).advice, HasSubstr("CUDA 13.0"));
  EXPECT_THAT(check_gpus(gpus, kIsWanted), IsEmpty()) << "the driver is problem enough";
}

TEST(GpuChecksTest, AProgramWithoutCudaSaysHowToBuildOne) {
  const Check check = check_driver({.problem = "built without CUDA"}, kIsNotWanted);
  EXPECT_EQ(check.verdict, Verdict::kNote);
  EXPECT_THAT(check.advice, HasSubstr("./dev build cuda"));
}

TEST(GpuChecksTest, ADriverMustServeTheMajorVersionOfTheProgram) {
  Gpus gpus = checked_gpus(1);
  EXPECT_EQ(check_driver(gpus, kIsNotWanted).verdict, Verdict::kOk);
  gpus.driver_version = 12080;
  const Check check = check_driver(gpus, kIsNotWanted);
  EXPECT_EQ(check.verdict, Verdict::kProblem);
  EXPECT_THAT(check.found, HasSubstr("CUDA 12.8, and this program needs 13.0"));
}

TEST(GpuChecksTest, EveryGpuIsNamedWithItsMemoryOrItsProblem) {
  Gpus gpus = checked_gpus(2);
  gpus.all[1].problem = "it is sm_75";
  const std::vector<Check> checks = check_gpus(gpus, kIsWanted);
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_EQ(checks[0].found, "NVIDIA H200, sm_90, 141.0 GiB");
  EXPECT_EQ(checks[1].name, "GPU 1");
  EXPECT_EQ(checks[1].verdict, Verdict::kNote) << "there is another one";
  gpus.all[0].problem = "it is sm_75, too";
  EXPECT_EQ(check_gpus(gpus, kIsWanted)[0].verdict, Verdict::kProblem);
  EXPECT_EQ(check_gpus(gpus, kIsNotWanted)[0].verdict, Verdict::kNote);
}

TEST(GpuChecksTest, ADriverWithoutAGpuSaysSo) {
  const std::vector<Check> checks = check_gpus(checked_gpus(0), kIsWanted);
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].verdict, Verdict::kProblem);
  EXPECT_EQ(checks[0].found, "the NVIDIA driver sees no GPU");
}

TEST(GpuChecksTest, PeersAreAskedForOnlyWhereThereAreTwo) {
  EXPECT_THAT(check_peers(checked_gpus(1), {}), IsEmpty());
  EXPECT_EQ(check_peers(checked_gpus(2), {})[0].verdict, Verdict::kOk);
  const Check one = check_peers(checked_gpus(2), {{0, 1}})[0];
  EXPECT_EQ(one.verdict, Verdict::kNote);
  EXPECT_EQ(one.found, "GPUs 0 and 1 do not reach each other's memory");
  EXPECT_THAT(check_peers(checked_gpus(4), {{0, 2}, {0, 3}, {1, 2}})[0].found,
              HasSubstr("nor do 2 other pairs"));
}

TEST(GpuChecksTest, NcclIsNeededBySeveralGpus) {
  const Error absent{ErrorCode::kUnavailable, "NCCL cannot be loaded"};
  EXPECT_EQ(check_nccl(std::string("2.28.3"), checked_gpus(8), "eth1").found,
            "2.28.3, between hosts over eth1");
  EXPECT_THAT(check_nccl(std::string("2.28.3"), checked_gpus(8), "").found,
              testing::HasSubstr("collective.interface"));
  EXPECT_EQ(check_nccl(absent, checked_gpus(1), "").verdict, Verdict::kNote);
  EXPECT_EQ(check_nccl(absent, checked_gpus(2), "").verdict, Verdict::kProblem);
}

TEST(GpuChecksTest, CublasIsMissedByFastNumericsAlone) {
  const Error absent{ErrorCode::kUnavailable, "cuBLASLt cannot be loaded"};
  for (const char* numerics : {"exact", "fast"}) {
    const Check check = check_cublas_lt(std::string("13.1.0"), numerics);
    EXPECT_EQ(check.verdict, Verdict::kOk);
    EXPECT_THAT(check.found, testing::StartsWith("13.1.0, "));
  }
  EXPECT_EQ(check_cublas_lt(absent, "exact").verdict, Verdict::kOk);
  const Check missed = check_cublas_lt(absent, "fast");
  EXPECT_EQ(missed.verdict, Verdict::kNote);
  EXPECT_EQ(missed.found, "cuBLASLt cannot be loaded");
  EXPECT_NE(missed.advice, "");
}

}  // namespace
}  // namespace unmask::cli
