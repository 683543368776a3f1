#include "runtime/config/cluster_config.h"

#include <gmock/gmock.h>

namespace unmask {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string problem(const ClusterConfig& config) {
  const Result<> valid = config.validate();
  return valid ? "" : valid.error().message;
}

TEST(ClusterConfigTest, DefaultsAreValid) { EXPECT_EQ(problem({}), ""); }

TEST(ClusterConfigTest, ChoicesAndRangesAreChecked) {
  ClusterConfig config;
  config.model.dtype = "f16";
  EXPECT_EQ(problem(config), "model.dtype is \"f16\", not one of auto, f32, bf16");
  config = {};
  config.cluster.workers = 0;
  EXPECT_EQ(problem(config), "cluster.workers is 0, not from 1 to 64");
  config = {};
  config.gateway.http_port = 70000;
  EXPECT_EQ(problem(config), "gateway.http_port is 70000, not from 0 to 65535");
}

TEST(ClusterConfigTest, InstructionsOfAWorkerAreItsOwnElseThoseOfAll) {
  ClusterConfig config;
  EXPECT_EQ(config.worker(0, 0).instructions, "auto");
  config.cluster.workers = 2;
  config.compute.instructions = "avx2";
  config.workers = {{.rank = 0}, {.rank = 1, .instructions = "portable"}};
  EXPECT_EQ(problem(config), "");
  EXPECT_EQ(config.worker(0, 0).instructions, "avx2");
  EXPECT_EQ(config.worker(0, 1).instructions, "portable");

  config.workers[1].instructions = "sse";
  EXPECT_EQ(
      problem(config),
      "worker of replica 0, rank 1: instructions is \"sse\", not one of auto, portable, avx2, "
      "avx512");
  config.workers.clear();
  config.compute.instructions = "AVX2";
  EXPECT_EQ(problem(config),
            "compute.instructions is \"AVX2\", not one of auto, portable, avx2, avx512");
}

TEST(ClusterConfigTest, ExactNumericsNeedANumberOfWorkersThatDividesTheShares) {
  ClusterConfig config;
  config.cluster.workers = 3;
  EXPECT_THAT(problem(config), HasSubstr("set model.numerics to \"fast\""));
  config.model.numerics = "fast";
  EXPECT_EQ(problem(config), "");
}

TEST(ClusterConfigTest, ProcessMustFenceItselfBeforeItIsTakenForDead) {
  ClusterConfig config;
  config.cluster.self_fence = 4s;
  EXPECT_THAT(problem(config), HasSubstr("cluster.self_fence"));
  config.cluster.dead_after = 5s;
  EXPECT_EQ(problem(config), "");
  config.cluster.heartbeat = 0ms;
  EXPECT_NE(problem(config), "");
}

TEST(ClusterConfigTest, ListeningBeyondThisMachineNeedsCurveOrInsecure) {
  ClusterConfig config;
  config.gateway.address.host = "0.0.0.0";
  EXPECT_THAT(problem(config), HasSubstr("gateway.address 0.0.0.0:7400 can be reached"));
  config.security.insecure = true;
  EXPECT_EQ(problem(config), "");
  config.security = {.curve = true};
  EXPECT_EQ(problem(config), "security.curve needs security.secret_key");
  config.security.secret_key = "a";
  config.security.coordinator_key = "b";
  EXPECT_EQ(problem(config), "");
}

TEST(ClusterConfigTest, WorkersAreAllThereOrNone) {
  ClusterConfig config;
  config.cluster.workers = 2;
  config.workers = {{.rank = 0}};
  EXPECT_EQ(problem(config),
            "there are 1 [[worker]] entries for 2 workers: leave all out, or write all");
  config.workers = {{.rank = 0}, {.rank = 0}};
  EXPECT_EQ(problem(config), "worker of replica 0, rank 0 is there twice");
  config.workers = {{.rank = 0}, {.rank = 2}};
  EXPECT_EQ(problem(config),
            "worker of replica 0, rank 2 does not exist: there are 1 replicas of 2 workers");
  config.workers = {{.rank = 0}, {.rank = 1, .host = ""}};
  EXPECT_EQ(problem(config), "worker of replica 0, rank 1 has no host");
  config.workers = {{.rank = 0}, {.rank = 1}};
  EXPECT_EQ(problem(config), "");
}

}  // namespace
}  // namespace unmask
