#include "runtime/cli/process/prometheus_targets.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

TEST(PrometheusTargetsTest, EveryProcessThatServesMetricsIsOne) {
  ClusterConfig config;
  config.cluster.workers = 2;
  const auto member = [](actors::Slot slot, const char* http) {
    actors::MemberStatus status;
    status.process.slot = slot;
    status.process.http = http;
    return status;
  };
  EXPECT_EQ(
      prometheus_targets(config, {member({actors::Role::kGateway, 0, 0}, "http://127.0.0.1:2"),
                                  member({actors::Role::kWorker, 1, 1}, "http://[::1]:3"),
                                  member({actors::Role::kWorker, 0, 1}, "")}),
      R"([{"targets":["127.0.0.1:2"],"labels":{"role":"gateway"}},)"
      R"({"targets":["[::1]:3"],"labels":{"role":"worker","replica":"1","rank":"3"}}])"
      "\n");
  EXPECT_EQ(prometheus_targets(config, {}), "[]\n");
}

}  // namespace
}  // namespace unmask::cli
