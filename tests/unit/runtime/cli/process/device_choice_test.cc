#include "runtime/cli/process/device_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace unmask::cli {
namespace {

using kernels::DeviceKind;
using kernels::Gpus;
using testing::AllOf;
using testing::HasSubstr;

constexpr DeviceChoice kOnCpu{};
constexpr DeviceChoice on_gpu(int gpu, int num_sharing = 1) {
  return {DeviceKind::kCuda, gpu, num_sharing};
}

Gpus gpus_of(int count) {
  Gpus gpus{.is_built_in = true, .driver_version = 13000, .runtime_version = 13000};
  for (int i = 0; i < count; ++i) {
    gpus.all.push_back({.index = i, .name = "NVIDIA H200", .capability = 90, .total_bytes = 1});
  }
  if (count == 0) gpus.problem = "there is no NVIDIA driver";
  return gpus;
}

std::vector<DeviceChoice> chosen(const std::vector<std::string>& wanted, const Gpus& gpus,
                                 bool share_gpus = false) {
  const auto choices = choose_devices(wanted, gpus, share_gpus);
  EXPECT_TRUE(choices) << choices.error().message;
  return choices ? *choices : std::vector<DeviceChoice>{};
}

std::string refusal(const std::vector<std::string>& wanted, const Gpus& gpus) {
  const auto choices = choose_devices(wanted, gpus, false);
  return choices ? "" : choices.error().message;
}

TEST(DeviceChoiceTest, EveryWorkerHasTheGpuOfItsTurn) {
  EXPECT_EQ(chosen({"cuda", "cuda"}, gpus_of(4)), (std::vector{on_gpu(0), on_gpu(1)}));
  EXPECT_EQ(chosen({"auto", "auto"}, gpus_of(2)), (std::vector{on_gpu(0), on_gpu(1)}));
}

TEST(DeviceChoiceTest, AGpuThatCannotBeUsedIsPassedOver) {
  Gpus gpus = gpus_of(3);
  gpus.all[0].problem = "it is sm_75, and unmask needs sm_80 or newer";
  EXPECT_EQ(chosen({"cuda", "cuda"}, gpus), (std::vector{on_gpu(1), on_gpu(2)}));
  EXPECT_THAT(refusal({"cuda:0"}, gpus), AllOf(HasSubstr("cuda:0"), HasSubstr("sm_75")));
}

TEST(DeviceChoiceTest, AutoIsTheCpuWhereThereAreTooFewGpus) {
  EXPECT_EQ(chosen({"auto"}, gpus_of(0)), std::vector{kOnCpu});
  EXPECT_EQ(chosen({"auto", "auto"}, gpus_of(1)),
            (std::vector<DeviceChoice>{{.num_sharing = 2}, {.num_sharing = 2}}));
  EXPECT_EQ(chosen({"cpu"}, gpus_of(1)), std::vector{kOnCpu});
}

TEST(DeviceChoiceTest, MoreWorkersThanGpusShareThemOnlyIfAskedTo) {
  EXPECT_THAT(refusal({"cuda", "cuda", "cuda"}, gpus_of(2)),
              AllOf(HasSubstr("3 workers"), HasSubstr("2 GPUs"), HasSubstr("--share-gpus")));
  EXPECT_EQ(chosen({"cuda", "cuda", "auto"}, gpus_of(2), true),
            (std::vector{on_gpu(0, 2), on_gpu(1), on_gpu(0, 2)}));
}

TEST(DeviceChoiceTest, TwoOnOneGpuAreRefused) {
  EXPECT_THAT(refusal({"cuda:1", "cuda:1"}, gpus_of(2)),
              AllOf(HasSubstr("2 workers"), HasSubstr("GPU 1"), HasSubstr("--share-gpus")));
  EXPECT_EQ(chosen({"cuda:1", "cuda:1"}, gpus_of(2), true),
            (std::vector{on_gpu(1, 2), on_gpu(1, 2)}));
}

TEST(DeviceChoiceTest, WhatIsNotThereIsRefusedWithTheReason) {
  EXPECT_EQ(refusal({"cuda"}, gpus_of(0)), "there is no NVIDIA driver");
  EXPECT_THAT(refusal({"cuda:7"}, gpus_of(2)), AllOf(HasSubstr("cuda:7"), HasSubstr("2 GPUs")));
  EXPECT_THAT(refusal({"gpu"}, gpus_of(2)), HasSubstr("not auto, cpu, cuda or cuda:N"));
}

TEST(DeviceChoiceTest, WorkersOfOtherHostsHaveTheirOwn) {
  ClusterConfig config;
  config.cluster.workers = 4;
  config.compute.device = "cuda";
  config.workers = {{.rank = 0, .host = "a"},
                    {.rank = 1, .host = "b"},
                    {.rank = 2, .host = "a"},
                    {.rank = 3, .host = "b", .device = "cuda:0"}};
  const auto choice_of = [&](std::int32_t rank) {
    return choose_device(config, config.worker(0, rank), gpus_of(2));
  };
  EXPECT_EQ(*choice_of(0), on_gpu(0));
  EXPECT_EQ(*choice_of(2), on_gpu(1));
  EXPECT_FALSE(choice_of(1)) << "GPU 0 of b is that of ranks 1 and 3";
  config.workers[3].device = "cuda:1";
  EXPECT_EQ(*choice_of(1), on_gpu(0));
}

TEST(DeviceChoiceTest, WorkersOfOneReplicaDoNotShare) {
  ClusterConfig config;
  config.cluster.workers = 2;
  config.compute.device = "cuda";
  config.compute.share_gpus = true;
  const auto refused = choose_device(config, config.worker(0, 1), gpus_of(1));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("GPU 0"), HasSubstr("--replicas")));
  config.cluster = {.replicas = 2, .workers = 1};
  EXPECT_EQ(*choose_device(config, config.worker(1, 0), gpus_of(1)), on_gpu(0, 2));
}

}  // namespace
}  // namespace unmask::cli
