#include "rpc/http/http_probe.h"

#include <gtest/gtest.h>

#include <optional>

#include "runtime/simulation/virtual_timers.h"
#include "tests/unit/rpc/http/served.h"
#include "tests/unit/rpc/http/silent_server.h"

namespace unmask::rpc {
namespace {

using namespace std::chrono_literals;

class HttpProbeTest : public testing::Test {
 protected:
  void ask(std::uint16_t port) {
    const HttpProbe::Question question{{"127.0.0.1", port}, "/live", 3s};
    probe_ = std::make_unique<HttpProbe>(loop_, timers_, question, [this](bool is_alive) {
      EXPECT_FALSE(is_alive_) << "it is told once";
      is_alive_ = is_alive;
      probe_.reset();
    });
  }

  bool answer_at(std::uint16_t port) {
    ask(port);
    EXPECT_FALSE(is_alive_) << "not within the call";
    loop_.run_until([this] { return is_alive_.has_value(); });
    return *is_alive_;
  }

  VirtualClock clock_;
  EventQueue events_{clock_, 1};
  VirtualTimers timers_{events_};
  EventLoop loop_;
  std::optional<bool> is_alive_;
  std::unique_ptr<HttpProbe> probe_;
};

TEST_F(HttpProbeTest, AnyAnswerIsASignOfLife) {
  Served served;
  EXPECT_TRUE(answer_at(served.port())) << "it says 404";
  EXPECT_FALSE(events_.run_next()) << "the timeout is over with it";
}

TEST_F(HttpProbeTest, WhoRefusesIsNotSilent) {
  std::uint16_t port = 0;
  {
    const SilentServer gone;
    port = gone.port();
  }
  EXPECT_TRUE(answer_at(port));
}

TEST_F(HttpProbeTest, WhoNeverAcceptsIsSilentWhenTheTimeIsOver) {
  const SilentServer server;
  ask(server.port());
  loop_.poll();
  EXPECT_FALSE(is_alive_);
  ASSERT_TRUE(events_.run_next());
  EXPECT_EQ(clock_.now(), Time(3s));
  EXPECT_EQ(is_alive_, false);
}

TEST_F(HttpProbeTest, AProbeThatIsDroppedTellsNothing) {
  const SilentServer server;
  ask(server.port());
  loop_.poll();
  probe_.reset();
  loop_.poll();
  EXPECT_FALSE(events_.run_next());
  EXPECT_FALSE(is_alive_);
}

}  // namespace
}  // namespace unmask::rpc
