#include "runtime/cli/doctor/cluster_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/source_dir.h"

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ClusterChecksTest, EveryAddressIsListenedOnByTheFirstWhoNamesIt) {
  ClusterConfig config;
  config.cluster.workers = 2;
  config.coordinator.address = {"10.0.0.1", 7401};
  config.gateway.address = {"10.0.0.1", 7400};
  config.workers = {{.rank = 0, .host = "10.0.0.2"},
                    {.rank = 1, .host = "10.0.0.2", .http_port = 8001}};
  EXPECT_THAT(listened_addresses(config),
              ElementsAre(ListenedAddress{"coordinator", {"10.0.0.1", 7401}},
                          ListenedAddress{"gateway", {"10.0.0.1", 7400}},
                          ListenedAddress{"gateway's HTTP", {"127.0.0.1", 8080}},
                          ListenedAddress{"worker 0", {"10.0.0.2", 0}},
                          ListenedAddress{"worker 1's HTTP", {"127.0.0.1", 8001}}));
}

TEST(ClusterChecksTest, ALoneWorkerListensForNoOtherRank) {
  ClusterConfig config;
  config.workers = {{.host = "10.0.0.2"}};
  for (const ListenedAddress& address : listened_addresses(config)) {
    EXPECT_NE(address.at.host, "10.0.0.2");
  }
}

TEST(ClusterChecksTest, AnAddressThatIsTakenIsAProblemAndAnotherMachinesIsNot) {
  const ListenedAddress gateway{"gateway", {"10.0.0.1", 7400}};
  EXPECT_EQ(check_address(gateway, {}).found, "10.0.0.1:7400 can be listened on");
  EXPECT_EQ(check_address(gateway, Error{ErrorCode::kUnavailable, "in use"}).verdict,
            Verdict::kProblem);
  EXPECT_EQ(check_address(gateway, Error{ErrorCode::kNotFound, "not here"}).verdict,
            Verdict::kNote);
  EXPECT_EQ(check_address({"worker 0", {"10.0.0.2", 0}}, {}).found, "10.0.0.2 can be listened on");
}

TEST(ClusterChecksTest, AModelIsDescribedWithItsWarnings) {
  ClusterConfig::Model config;
  config.dir = (source_dir() / "model/zoo/unmask-tiny").string();
  Result<ServedModel> model = open_served_model(config);
  ASSERT_TRUE(model);
  EXPECT_EQ(check_model(model).size(), 1u);
  EXPECT_THAT(check_model(model)[0].found, HasSubstr("unmask-tiny: LLaDA-MoE, 7886080 parameters"));
  model->warnings.emplace_back("a key is not used");
  ASSERT_EQ(check_model(model).size(), 2u);
  EXPECT_EQ(check_model(model)[1].verdict, Verdict::kNote);
  EXPECT_EQ(check_model(invalid("no such folder"))[0].verdict, Verdict::kProblem);
}

TEST(ClusterChecksTest, AWorkerThatDoesNotFitIsAProblem) {
  EXPECT_EQ(check_memory_plan(std::vector<std::string>{"computes on the CPU", "weights"}).found,
            "computes on the CPU");
  EXPECT_EQ(check_memory_plan(invalid("a worker needs more")).verdict, Verdict::kProblem);
}

}  // namespace
}  // namespace unmask::cli
