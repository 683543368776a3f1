#include "runtime/os/asio_timers.h"

#include <gmock/gmock.h>

#include <vector>

namespace unmask {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

/// The real clock, and as little of it as can be.
class AsioTimersTest : public testing::Test {
 protected:
  EventLoop loop_;
  AsioTimers timers_{loop_};
};

class ManualClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return time; }
  [[nodiscard]] std::chrono::nanoseconds unix_time() const override { return {}; }

  Time time{1h};
};

TEST_F(AsioTimersTest, NothingComesDueWhileTheClockStandsStill) {
  ManualClock clock;
  AsioTimers timers(loop_, clock);
  bool has_fired = false;
  timers.after(1ms, [&] {
    has_fired = true;
    loop_.stop();
  });
  timers_.after(20ms, [&] {
    EXPECT_FALSE(has_fired);
    clock.time += 1ms;
  });
  loop_.run();
  EXPECT_TRUE(has_fired);
}

TEST_F(AsioTimersTest, TimersFireInOrderOfTheirTimeAndNotBefore) {
  const Time start = SteadyClock().now();
  std::vector<int> fired;
  timers_.after(4ms, [&] {
    fired.push_back(2);
    EXPECT_GE(SteadyClock().now() - start, 4ms);
    loop_.stop();
  });
  timers_.after(2ms, [&] { fired.push_back(1); });
  timers_.after(0ms, [&] { fired.push_back(0); });
  EXPECT_THAT(fired, ElementsAre());
  loop_.run();
  EXPECT_THAT(fired, ElementsAre(0, 1, 2));
}

TEST_F(AsioTimersTest, CancelledTimerNeverFiresEvenIfItIsDue) {
  std::vector<int> fired;
  TimerId second = 0;
  timers_.after(1ms, [&] {
    fired.push_back(1);
    timers_.cancel(second);
  });
  second = timers_.after(1ms, [&] { fired.push_back(2); });
  timers_.cancel(timers_.after(0ms, [&] { fired.push_back(3); }));
  timers_.after(3ms, [&] { loop_.stop(); });
  loop_.run();
  EXPECT_THAT(fired, ElementsAre(1));
}

TEST_F(AsioTimersTest, TimerMayArmAnotherAndTheFarFutureDoesNotOverflow) {
  timers_.after(Duration::max(), [] { FAIL(); });
  int num_fired = 0;
  std::function<void()> again = [&] {
    if (++num_fired == 3) return loop_.stop();
    timers_.after(0ms, again);
  };
  timers_.after(0ms, again);
  loop_.run();
  EXPECT_EQ(num_fired, 3);
}

TEST_F(AsioTimersTest, NothingFiresOnceTheTimersAreGone) {
  bool has_fired = false;
  {
    AsioTimers mortal(loop_);
    mortal.after(0ms, [&] { has_fired = true; });
  }
  timers_.after(2ms, [&] { loop_.stop(); });
  loop_.run();
  EXPECT_FALSE(has_fired);
}

}  // namespace
}  // namespace unmask
