#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using LinearTest = BackendTest;
UNMASK_ON_ALL_DEVICES(LinearTest);

constexpr DType kWeightTypes[] = {DType::kF32, DType::kBF16};

std::vector<double> reference(const Matrix& x, const Matrix& weight) {
  std::vector<double> out;
  for (int i = 0; i < x.rows; ++i) {
    for (int j = 0; j < weight.rows; ++j) {
      double sum = 0;
      for (int k = 0; k < x.cols; ++k) sum += double(x.at(i, k)) * double(weight.at(j, k));
      out.push_back(sum);
    }
  }
  return out;
}

ShareOffsets one_share(int n) {
  ShareOffsets shares;
  shares.offset[1] = n;
  return shares;
}

Matrix run_linear(Backend& backend, const Matrix& x, const PackedMatrix& weight) {
  const DeviceMatrix in(backend, x), out(backend, x.rows, weight.rows());
  backend.run(Linear{.x = in.view(), .weight = weight, .out = out.view()});
  return out.read();
}

TEST_P(LinearTest, AgreesWithTheReference) {
  for (const DType dtype : kWeightTypes) {
    for (const int num_rows : {1, 2, 5, 12, 13, 40}) {
      for (const int cols : {1, 3, 16, 33, 257}) {
        for (const int out_cols : {1, 7, 16, 17, 65, 130}) {
          const Matrix x = random_matrix(num_rows, cols, 1),
                       weight = random_matrix(out_cols, cols, 2);
          for (const ShareOffsets& shares : {one_share(cols), local_shares(cols, 0, 1)}) {
            const auto packed = backend_->pack_matrix({{weight.host()}}, dtype, shares);
            EXPECT_EQ(packed->rows(), out_cols);
            EXPECT_EQ(packed->cols(), cols);
            EXPECT_TRUE(is_near(run_linear(*backend_, x, *packed),
                                reference(rounded_to(dtype, x), rounded_to(dtype, weight)),
                                2e-6 * cols + 1e-6))
                << num_rows << " x " << cols << " x " << out_cols;
          }
        }
      }
    }
  }
}

TEST_P(LinearTest, StacksItsPartsByRowsWhateverTheirType) {
  const Matrix x = random_matrix(3, 20, 1), above = random_matrix(5, 20, 2);
  const std::vector<std::uint16_t> half(20, 0x3c00), brain(20, 0x3f80);  // ones
  const HostMatrix parts[] = {
      above.host(), {half.data(), DType::kF16, 1, 20, 20}, {brain.data(), DType::kBF16, 1, 20, 20}};
  Matrix stacked(7, 20);
  std::fill(stacked.values.begin(), stacked.values.end(), 1.0f);
  std::copy(above.values.begin(), above.values.end(), stacked.values.begin());
  const auto packed = backend_->pack_matrix(parts, DType::kF32, one_share(20));
  EXPECT_TRUE(is_near(run_linear(*backend_, x, *packed), reference(x, stacked), 1e-5));
}

TEST_P(LinearTest, BytesOfARowDependOnNothingButTheRow) {
  const Matrix x = random_matrix(130, 301, 1), weight = random_matrix(330, 301, 2);
  const auto alone = GetParam().make(1);  // and no second thread
  for (const DType dtype : kWeightTypes) {
    const auto packed = backend_->pack_matrix({{weight.host()}}, dtype, local_shares(301, 0, 1));
    const auto packed_alone = alone->pack_matrix({{weight.host()}}, dtype, local_shares(301, 0, 1));
    const Matrix all = run_linear(*backend_, x, *packed);
    for (int count = 1; count <= x.rows; count += GetParam().size_step) {
      ASSERT_TRUE(
          same_bytes(run_linear(*backend_, x.first_rows(count), *packed), all.first_rows(count)))
          << count << " rows";
    }
    for (int i = 0; i < x.rows; i += GetParam().size_step) {
      ASSERT_TRUE(same_bytes(run_linear(*alone, x.row(i), *packed_alone), all.row(i)));
    }
  }
}

TEST_P(LinearTest, AnyNumberOfWorkersGivesTheSameBytes) {
  for (const DType dtype : kWeightTypes) {
    for (const int cols : {3, 8, 43, 130}) {
      const Matrix x = random_matrix(9, cols, 1), weight = random_matrix(21, cols, 2);
      const Matrix before = random_matrix(9, 21, 3);
      std::vector<Matrix> sums;
      for (const int num_ranks : {1, 2, 4, 8}) {
        std::vector<float> parts;
        for (int rank = 0; rank < num_ranks; ++rank) {
          const ShareOffsets shares = local_shares(cols, rank, num_ranks);
          const std::int64_t first = share_begin(cols, rank * shares.count);
          const int count = int(shares.num_items());
          const auto packed =
              backend_->pack_matrix({{weight.host_columns(first, count)}}, dtype, shares);
          Matrix part(9, count);
          for (int i = 0; i < 9; ++i) {
            for (int j = 0; j < count; ++j) part.at(i, j) = x.at(i, int(first) + j);
          }
          const Matrix out = run_linear(*backend_, part, *packed);
          parts.insert(parts.end(), out.values.begin(), out.values.end());
        }
        const Array<float> all_parts(*backend_, parts);
        const DeviceMatrix sum(*backend_, before);
        backend_->run(TreeAdd{.x = sum.view(), .parts = all_parts.data(), .num_parts = num_ranks});
        sums.push_back(sum.read());
      }
      for (const Matrix& sum : sums) EXPECT_TRUE(same_bytes(sum, sums[0])) << cols;
    }
  }
}

TEST_P(LinearTest, NoRowsAreNoWork) {
  const Matrix weight = random_matrix(4, 4, 1);
  const auto packed = backend_->pack_matrix({{weight.host()}}, DType::kBF16, one_share(4));
  EXPECT_EQ(run_linear(*backend_, Matrix(0, 4), *packed).rows, 0);
}

}  // namespace
}  // namespace unmask::kernels
