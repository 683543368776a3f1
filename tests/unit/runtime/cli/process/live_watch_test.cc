#include "runtime/cli/process/live_watch.h"

#include <gtest/gtest.h>

#include <atomic>

#include "runtime/simulation/virtual_timers.h"
#include "tests/unit/rpc/http/served.h"
#include "tests/unit/rpc/http/silent_server.h"

namespace unmask::cli {
namespace {

class LiveWatchTest : public testing::Test {
 protected:
  void watch(std::uint16_t port) {
    watch_ = std::make_unique<LiveWatch>(loop_, timers_, HostPort{"127.0.0.1", port}, [this] {
      ++num_hung_;
      watch_.reset();
    });
  }

  /// What comes next in virtual time, and what follows from it at once.
  bool run_next() {
    const bool has_run = events_.run_next();
    loop_.poll();
    return has_run;
  }

  VirtualClock clock_;
  EventQueue events_{clock_, 1};
  VirtualTimers timers_{events_};
  EventLoop loop_;
  int num_hung_ = 0;
  std::unique_ptr<LiveWatch> watch_;
};

TEST_F(LiveWatchTest, SilenceInARowIsAHungProcessAndToldOnce) {
  const rpc::SilentServer server;
  watch(server.port());
  while (run_next()) {
  }
  EXPECT_EQ(num_hung_, 1);
  EXPECT_EQ(clock_.now(),
            Time((LiveWatch::kInterval + LiveWatch::kTimeout) * LiveWatch::kMaxSilences));
}

TEST_F(LiveWatchTest, OneSilenceLessIsNone) {
  const rpc::SilentServer server;
  watch(server.port());
  for (int i = 0; i < 2 * LiveWatch::kMaxSilences - 1; ++i) ASSERT_TRUE(run_next());
  EXPECT_EQ(num_hung_, 0);
}

TEST_F(LiveWatchTest, WhoAnswersIsAskedAgainAndAgain) {
  rpc::Served served;
  std::atomic<int> num_asked = 0;
  served.route("GET", "/live", [&](const rpc::HttpRequest&) {
    ++num_asked;
    return rpc::HttpResponse{};
  });
  watch(served.port());
  for (int i = 1; i <= 10; ++i) {
    ASSERT_TRUE(run_next());
    const Time next = clock_.now() + LiveWatch::kInterval;
    loop_.run_until([&] { return events_.next_time() == next; });
    EXPECT_EQ(num_asked, i);
  }
  EXPECT_EQ(num_hung_, 0);
}

}  // namespace
}  // namespace unmask::cli
