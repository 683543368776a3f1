/// What is recorded for many rows is done again for as many as there are.

#include <numeric>

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using RecordingTest = BackendTest;
UNMASK_ON_ALL_DEVICES(RecordingTest);

/// out = the rows of x, through the queue.
void copy_rows(Backend& backend, Tensor x, Tensor out) {
  std::vector<std::int32_t> all(std::size_t(out.rows));
  std::iota(all.begin(), all.end(), 0);
  const Array<std::int32_t> rows(backend, all);
  backend.run(GatherRows{.x = x, .rows = rows.data(), .out = out});
  backend.synchronize();  // `rows` is freed
}

/// The first `num` rows of `new_rows` and then those of `old_rows`.
Matrix mixed_rows(const Matrix& new_rows, const Matrix& old_rows, int num) {
  Matrix all = new_rows.first_rows(num);
  all.rows = old_rows.rows;
  const auto begin = old_rows.values.begin() + std::ptrdiff_t(num) * old_rows.cols;
  all.values.insert(all.values.end(), begin, old_rows.values.end());
  return all;
}

/// Replays what `run(x, out)` enqueues for 70 rows, with other numbers of rows than it was recorded
/// with: those are as they are without a recording, and what is beyond them stays.
template <class Run>
void expect_live_rows_only(Backend& backend, int cols, int out_cols, const Run& run) {
  constexpr int kRows = 70;
  const Matrix x = random_matrix(kRows, cols, 1), old_rows = random_matrix(kRows, out_cols, 2);
  const DeviceMatrix in(backend, x), out(backend, kRows, out_cols);
  const DeviceMatrix old_out(backend, old_rows), plain(backend, old_rows);
  run(in.view(), plain.view());  // and takes the scratch memory that it needs
  const Matrix expected = plain.read();
  const Array<std::int32_t> live(backend, std::size_t{1});
  const auto recorded = backend.record([&]() -> Result<> {
    Tensor live_in = in.view(), live_out = out.view();
    live_in.live_rows = live_out.live_rows = live.data();
    run(live_in, live_out);
    return {};
  });
  ASSERT_TRUE(recorded);
  for (const int num_rows : {2, kRows, 1, 66}) {
    copy_rows(backend, old_out.view(), out.view());
    backend.upload(live.data(), &num_rows, sizeof(num_rows));
    backend.replay(**recorded);
    EXPECT_TRUE(same_bytes(out.read(), mixed_rows(expected, old_rows, num_rows))) << num_rows;
  }
}

TEST_P(RecordingTest, AReplayComputesAsManyRowsAsThereAreThen) {
  const Array<float> weights(*backend_, random_matrix(1, 24, 3).values);
  expect_live_rows_only(*backend_, 24, 24, [&](Tensor x, Tensor out) {
    backend_->run(RmsNorm{.x = x, .weight = weights.data(), .eps = 1e-5f, .out = out});
  });
  const Matrix matrix = random_matrix(40, 24, 4);
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    for (const int num_shares : {1, 8}) {
      const ShareOffsets shares =
          num_shares == 1 ? ShareOffsets{{0, 24}, 1} : local_shares(24, 0, 1);
      const auto packed = backend_->pack_matrix({{matrix.host()}}, dtype, shares);
      expect_live_rows_only(*backend_, 24, 40, [&](Tensor x, Tensor out) {
        backend_->run(Linear{.x = x, .weight = *packed, .out = out});
      });
    }
  }
}

}  // namespace
}  // namespace unmask::kernels
