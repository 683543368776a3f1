#include "runtime/os/awake_clock.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

using namespace std::chrono_literals;

class ManualClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return time; }
  [[nodiscard]] std::chrono::nanoseconds unix_time() const override { return 7ns; }

  Time time{1h};
};

class AwakeClockTest : public testing::Test {
 protected:
  void run_for(std::chrono::milliseconds duration) {
    for (; duration > 0ms; duration -= AwakeClock::kBeat) {
      machine.time += AwakeClock::kBeat;
      clock.beat();
    }
  }

  ManualClock machine;
  AwakeClock clock{machine};
};

TEST_F(AwakeClockTest, ItIsTheMachinesWhileItBeats) {
  const Time begin = clock.now();
  run_for(1h);
  EXPECT_EQ(clock.now() - begin, 1h);
  EXPECT_EQ(clock.beat(), 0ms);
  EXPECT_EQ(clock.unix_time(), 7ns);
}

TEST_F(AwakeClockTest, ItStandsStillDuringAStallWhoeverLooksFirst) {
  run_for(1s);
  const Time before = clock.now();
  machine.time += 31s;
  EXPECT_EQ(clock.now(), before);
  EXPECT_EQ(clock.beat(), 31s);
  run_for(1s);
  EXPECT_EQ(clock.now() - before, 1s);
}

TEST_F(AwakeClockTest, ABusyMomentIsNoStall) {
  const Time begin = clock.now();
  machine.time += AwakeClock::kLongestGap;
  EXPECT_EQ(clock.now() - begin, AwakeClock::kLongestGap);
}

}  // namespace
}  // namespace unmask
