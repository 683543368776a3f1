#include "runtime/cli/process/restart_history.h"

#include <gtest/gtest.h>

namespace unmask::cli {
namespace {

using namespace std::chrono_literals;
using actors::EndReason;

TEST(RestartHistoryTest, AnEndHasItsReasonByExitCodeAndSignal) {
  EXPECT_EQ(end_reason({.code = 1}, false), EndReason::kExit);
  EXPECT_EQ(end_reason({.code = 4}, false), EndReason::kDevice);
  EXPECT_EQ(end_reason({.code = 6}, false), EndReason::kHardware);
  EXPECT_EQ(end_reason({.signal = 9}, false), EndReason::kSignal);
  EXPECT_EQ(end_reason({.signal = 9}, true), EndReason::kSilence);
}

TEST(RestartHistoryTest, AProcessIsStartedAgainLaterEachTimeAndFiveTimesWithinAMinute) {
  RestartHistory history;
  const Time start{};
  EXPECT_EQ(history.fail(start, EndReason::kDevice), 200ms);
  EXPECT_EQ(history.fail(start + 1s, EndReason::kSignal), 400ms);
  EXPECT_EQ(history.fail(start + 2s, EndReason::kExit), 800ms);
  EXPECT_EQ(history.fail(start + 3s, EndReason::kExit), 1600ms);
  EXPECT_EQ(history.fail(start + 4s, EndReason::kExit), 3200ms);
  EXPECT_EQ(history.fail(start + 5s, EndReason::kExit), std::nullopt);
}

TEST(RestartHistoryTest, FailuresThatAreLongAgoDoNotCount) {
  RestartHistory history;
  for (int minutes = 0; minutes < 20; ++minutes) {
    EXPECT_EQ(history.fail(Time(minutes * 61s), EndReason::kDevice), 200ms);
  }
}

TEST(RestartHistoryTest, BrokenHardwareIsTriedThreeTimesWithinAnHour) {
  RestartHistory history;
  EXPECT_EQ(history.fail(Time(0min), EndReason::kHardware), 200ms);
  EXPECT_EQ(history.fail(Time(10min), EndReason::kHardware), 200ms);
  EXPECT_EQ(history.fail(Time(15min), EndReason::kDevice), 200ms) << "of another kind";
  EXPECT_EQ(history.fail(Time(20min), EndReason::kHardware), 200ms);
  EXPECT_EQ(history.fail(Time(30min), EndReason::kHardware), std::nullopt);
  RestartHistory rare;
  for (int hours = 0; hours < 5; ++hours) {
    EXPECT_EQ(rare.fail(Time(std::chrono::minutes(30 * hours)), EndReason::kHardware), 200ms);
  }
}

}  // namespace
}  // namespace unmask::cli
