#include "runtime/cli/process/process_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rpc/http/served.h"

namespace unmask::cli {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ProcessHttpTest : public testing::Test {
 protected:
  ProcessHttpTest() {
    served_.on_loop([this] {
      add_index_route(served_.server(), "worker 1");
      add_process_routes(served_.server(), metrics_, [this] { return not_ready_reason_; });
    });
  }

  std::string get(const std::string& path) {
    rpc::RawClient client(served_.port());
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.read_response();
  }

  monitoring::PrometheusMetrics metrics_;
  std::string not_ready_reason_;  // of the control thread
  rpc::Served served_;
};

TEST_F(ProcessHttpTest, TheIndexNamesTheProcess) {
  EXPECT_THAT(get("/"), EndsWith("\r\n\r\nunmask worker 1: see /metrics, /ready, /live\n"));
}

TEST_F(ProcessHttpTest, MetricsAreWhatTheyAreNow) {
  metrics_.counter("unmask_x_total", "X.", {}).add(3);
  EXPECT_THAT(get("/metrics"),
              AllOf(HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                    HasSubstr("\nunmask_x_total 3\n")));
}

TEST_F(ProcessHttpTest, MetricsNameTheBuild) {
  EXPECT_THAT(get("/metrics"),
              HasSubstr("\nunmask_build_info{version=\"" UNMASK_VERSION "\"} 1\n"));
}

TEST_F(ProcessHttpTest, ItIsReadyWhenNothingIsAgainstIt) {
  EXPECT_THAT(get("/ready"),
              AllOf(StartsWith("HTTP/1.1 200 OK"), EndsWith("\r\n\r\n{\"status\":\"ready\"}\n")));
  served_.on_loop([this] { not_ready_reason_ = "waiting for \"rank 1\""; });
  EXPECT_THAT(
      get("/ready"),
      AllOf(StartsWith("HTTP/1.1 503 Service Unavailable"), HasSubstr("Retry-After: "),
            EndsWith("{\"status\":\"waiting\",\"reason\":\"waiting for \\\"rank 1\\\"\"}\n")));
}

TEST_F(ProcessHttpTest, ItIsLiveThoughItIsNotReady) {
  served_.on_loop([this] { not_ready_reason_ = "loading weights"; });
  EXPECT_THAT(get("/live"), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(get("/health"), StartsWith("HTTP/1.1 200 OK"));
}

}  // namespace
}  // namespace unmask::cli
