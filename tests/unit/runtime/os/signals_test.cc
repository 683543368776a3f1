#include "runtime/os/signals.h"

#include <gtest/gtest.h>

#include <csignal>

#include "runtime/os/asio_timers.h"

namespace unmask {
namespace {

using namespace std::chrono_literals;

TEST(SignalsTest, FirstSignalDrainsAndTheNextEndsNow) {
  EventLoop loop;
  int num_drains = 0;
  int num_nows = 0;
  const Signals signals(
      loop,
      [&] {
        EXPECT_EQ(num_drains++, 0);
        std::raise(SIGINT);
      },
      [&] {
        if (++num_nows == 2) return loop.stop();
        std::raise(SIGTERM);
      });
  std::raise(SIGTERM);
  loop.run();
  EXPECT_EQ(num_drains, 1);
  EXPECT_EQ(num_nows, 2);
}

TEST(SignalsTest, NobodyIsCalledOnceTheyAreGone) {
  EventLoop loop;
  AsioTimers timers(loop);
  {
    const Signals signals(
        loop, [] { FAIL(); }, [] { FAIL(); });
    std::raise(SIGTERM);
  }
  timers.after(1ms, [&] { loop.stop(); });
  loop.run();
}

}  // namespace
}  // namespace unmask
