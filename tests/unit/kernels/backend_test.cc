/// The queue of a device: what is enqueued is done in order.

#include "kernels/backend.h"

#include <numeric>

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using QueueTest = BackendTest;
UNMASK_ON_ALL_DEVICES(QueueTest);

TEST_P(QueueTest, ADownloadIsOfWhatWasEnqueuedBefore) {
  const Matrix x = random_matrix(3, 8, 1), weight = random_matrix(1, 8, 2);
  const DeviceMatrix in(*backend_, x), out(*backend_, 3, 8);
  const Array<float> weights(*backend_, weight.values);
  const RmsNorm norm{.x = in.view(), .weight = weights.data(), .eps = 1e-5f, .out = out.view()};
  backend_->run(norm);
  Matrix got(3, 8);
  backend_->download(got.values.data(), out.view().data, got.values.size() * sizeof(float));
  EXPECT_TRUE(same_bytes(got, out.read()));
  EXPECT_NE(got.at(0, 0), 0.0f);
}

TEST_P(QueueTest, AnUploadIsReadWhenItReturnsHoweverLargeItIs) {
  constexpr std::size_t kCount = 3 << 20;  // more than the memory it goes through, several times
  std::vector<std::int32_t> values(kCount);
  std::iota(values.begin(), values.end(), 1);
  const std::vector<std::int32_t> expected = values;
  const Array<std::int32_t> memory(*backend_, kCount);
  backend_->upload(memory.data(), values.data(), kCount * sizeof(std::int32_t));
  values.assign(kCount, 0);
  EXPECT_TRUE(memory.read() == expected);
}

TEST_P(QueueTest, AnUploadComesAfterWhatStillReadsItsPlace) {
  const Matrix first = random_matrix(4, 9, 1), second = random_matrix(4, 9, 2);
  const DeviceMatrix in(*backend_, first), out(*backend_, 4, 9), later(*backend_, 4, 9);
  const Array<std::int32_t> rows(*backend_, {0, 1, 2, 3});
  backend_->run(GatherRows{.x = in.view(), .rows = rows.data(), .out = out.view()});
  backend_->upload(in.view().data, second.values.data(), second.values.size() * sizeof(float));
  backend_->run(GatherRows{.x = in.view(), .rows = rows.data(), .out = later.view()});
  EXPECT_TRUE(same_bytes(out.read(), first));
  EXPECT_TRUE(same_bytes(later.read(), second));
}

}  // namespace
}  // namespace unmask::kernels
