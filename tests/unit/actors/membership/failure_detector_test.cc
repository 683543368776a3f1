#include "actors/membership/failure_detector.h"

#include <gmock/gmock.h>

namespace unmask::actors {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr PeerId kOne = 1, kTwo = 2;

class FailureDetectorTest : public testing::Test {
 protected:
  static Time at(std::chrono::milliseconds time) { return Time(time); }
  /// Asks at every tick up to `end`.
  std::vector<PeerId> silent_until(std::chrono::milliseconds end) {
    std::vector<PeerId> silent;
    while (now_ < end && silent.empty()) silent = detector_.silent(at(now_ += 100ms));
    return silent;
  }

  std::chrono::milliseconds now_{0};
  FailureDetector detector_{{.dead_after = 1s}};
};

TEST_F(FailureDetectorTest, WhoIsSilentForLongerThanAllowedIsNamedAndNobodyElse) {
  detector_.hear(kOne, at(0ms));
  detector_.hear(kTwo, at(0ms));
  EXPECT_THAT(silent_until(500ms), IsEmpty());
  detector_.hear(kTwo, at(500ms));
  EXPECT_THAT(silent_until(1000ms), IsEmpty());
  EXPECT_THAT(silent_until(1100ms), ElementsAre(kOne));
}

TEST_F(FailureDetectorTest, WhoIsForgottenIsNotMissed) {
  detector_.hear(kOne, at(0ms));
  detector_.forget(kOne);
  EXPECT_THAT(silent_until(5s), IsEmpty());
}

}  // namespace
}  // namespace unmask::actors
