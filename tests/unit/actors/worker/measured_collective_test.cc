#include "actors/worker/measured_collective.h"

#include <gtest/gtest.h>

#include "runtime/simulation/recorded_metrics.h"
#include "runtime/simulation/virtual_clock.h"

namespace unmask::actors {
namespace {

using namespace std::chrono_literals;

/// Takes its time, and as long as it is told fails.
class SlowCollective final : public Collective {
 public:
  explicit SlowCollective(VirtualClock& clock) : clock_(clock) {}

  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return 4; }
  Result<> all_gather(const void*, void*, std::size_t, kernels::Stream) override {
    clock_.advance(250ms);
    return {};
  }
  Result<> all_reduce_sum(float*, std::size_t, kernels::Stream) override {
    clock_.advance(2s);
    return Error{ErrorCode::kUnavailable, "a rank is gone"};
  }
  Result<> wait(kernels::Stream) override {
    return Error{ErrorCode::kDeadlineExceeded, "a rank is late"};
  }
  void abort() override {}

 private:
  VirtualClock& clock_;
};

TEST(MeasuredCollectiveTest, TimeAndReceivedBytesAreCountedByOperation) {
  VirtualClock clock;
  RecordedMetrics metrics;
  MeasuredCollective collective(std::make_unique<SlowCollective>(clock), clock, metrics);
  ASSERT_TRUE(collective.all_gather(nullptr, nullptr, 100, {}));
  ASSERT_TRUE(collective.all_gather(nullptr, nullptr, 100, {}));
  const auto seconds = [&](std::string_view op) {
    return metrics.value("unmask_collective_seconds_total", {{"op", op}});
  };
  const auto bytes = [&](std::string_view op) {
    return metrics.value("unmask_collective_bytes_total", {{"op", op}});
  };
  EXPECT_EQ(seconds("all_gather"), 0.5);
  EXPECT_EQ(bytes("all_gather"), 2 * 3 * 100);
  EXPECT_EQ(seconds("all_reduce"), 0);

  EXPECT_FALSE(collective.all_reduce_sum(nullptr, 10, {}));
  EXPECT_EQ(seconds("all_reduce"), 2);
  EXPECT_EQ(collective.wait({}).error().code, ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace unmask::actors
