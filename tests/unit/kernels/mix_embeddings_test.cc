#include <cmath>

#include "kernels/float_formats.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using MixEmbeddingsTest = BackendTest;
UNMASK_ON_ALL_DEVICES(MixEmbeddingsTest);

constexpr int kHidden = 21, kWidth = 37;  // of a row of x, of a row of the table

std::vector<CandidateStats> stats_of(const std::vector<float>& log_sum_exp) {
  std::vector<CandidateStats> stats(log_sum_exp.size(), {.sum_exp = 2});
  for (std::size_t i = 0; i < stats.size(); ++i) stats[i].max = log_sum_exp[i] - std::log(2.0f);
  return stats;
}

/// What one worker of `num_ranks` makes of the ids it holds.
Matrix run(Backend& backend, const Matrix& x, const Matrix& head, const Matrix& table,
           const std::vector<float>& log_sum_exp, int rank, int num_ranks, float weight = 1) {
  const ShareOffsets shares = local_shares(head.rows, rank, num_ranks);
  const std::int64_t first = share_begin(head.rows, rank * shares.count),
                     count = shares.num_items();
  const auto packed = backend.pack_matrix({{head.host_rows(first, count)}}, DType::kF32,
                                          ShareOffsets{{0, kHidden}, 1});
  Matrix held(int(count), table.cols);
  std::copy_n(table.values.begin() + first * table.cols, held.values.size(), held.values.begin());
  const DeviceMatrix in(backend, x), device_table(backend, held), out(backend, x.rows, table.cols);
  const Array<CandidateStats> stats(backend, stats_of(log_sum_exp));
  const Array<float> weights(backend, std::vector<float>(log_sum_exp.size(), weight));
  backend.run(MixEmbeddings{.x = in.view(),
                            .head = *packed,
                            .table = device_table.view(),
                            .vocab_shares = shares,
                            .stats = stats.data(),
                            .weights = weights.data(),
                            .out = out.view()});
  return out.read();
}

std::vector<double> logits_of(const Matrix& x, int row, const Matrix& head) {
  std::vector<double> logits;
  for (int id = 0; id < head.rows; ++id) {
    double sum = 0;
    for (int k = 0; k < x.cols; ++k) sum += double(x.at(row, k)) * double(head.at(id, k));
    logits.push_back(sum);
  }
  return logits;
}

std::vector<float> log_sum_exps(const Matrix& x, const Matrix& head) {
  std::vector<float> all;
  for (int i = 0; i < x.rows; ++i) {
    double sum = 0;
    for (const double logit : logits_of(x, i, head)) sum += std::exp(logit);
    all.push_back(float(std::log(sum)));
  }
  return all;
}

TEST_P(MixEmbeddingsTest, AgreesWithTheReference) {
  for (const int vocab_size : {3, 700, 1201}) {
    for (const int num_rows : {1, 15, 65}) {
      const Matrix x = random_matrix(num_rows, kHidden, 1),
                   head = random_matrix(vocab_size, kHidden, 2);
      const Matrix table = random_matrix(vocab_size, kWidth, 3);
      const std::vector<float> sums = log_sum_exps(x, head);
      std::vector<double> expected(std::size_t(num_rows * kWidth));
      for (int i = 0; i < num_rows; ++i) {
        const std::vector<double> logits = logits_of(x, i, head);
        for (int id = 0; id < vocab_size; ++id) {
          const double p = std::exp(logits[std::size_t(id)] - sums[std::size_t(i)]);
          for (int j = 0; j < kWidth; ++j) {
            expected[std::size_t(i * kWidth + j)] += p * table.at(id, j);
          }
        }
      }
      EXPECT_TRUE(is_near(run(*backend_, x, head, table, sums, 0, 1), expected, 3e-5));
    }
  }
}

TEST_P(MixEmbeddingsTest, AnyNumberOfWorkersGivesTheSameBytes) {
  for (const int vocab_size : {6, 1201}) {
    const Matrix x = random_matrix(9, kHidden, 1), head = random_matrix(vocab_size, kHidden, 2);
    const Matrix table = random_matrix(vocab_size, kWidth, 3);
    const std::vector<float> sums = log_sum_exps(x, head);
    std::vector<Matrix> results;
    for (const int num_ranks : {1, 2, 4, 8}) {
      std::vector<float> parts;
      for (int rank = 0; rank < num_ranks; ++rank) {
        const Matrix part = run(*backend_, x, head, table, sums, rank, num_ranks);
        parts.insert(parts.end(), part.values.begin(), part.values.end());
      }
      const Array<float> all_parts(*backend_, parts);
      const DeviceMatrix sum(*backend_, 9, kWidth);
      backend_->run(TreeAdd{.x = sum.view(), .parts = all_parts.data(), .num_parts = num_ranks});
      results.push_back(sum.read());
    }
    for (const Matrix& result : results) EXPECT_TRUE(same_bytes(result, results[0])) << vocab_size;
  }
}

TEST_P(MixEmbeddingsTest, ARowIsWeighted) {
  const Matrix x = random_matrix(3, kHidden, 1), head = random_matrix(70, kHidden, 2);
  const Matrix table = random_matrix(70, kWidth, 3);
  const std::vector<float> sums = log_sum_exps(x, head);
  const Matrix plain = run(*backend_, x, head, table, sums, 0, 1);
  std::vector<double> expected;
  for (const float value : plain.values) expected.push_back(0.15 * value);
  EXPECT_TRUE(is_near(run(*backend_, x, head, table, sums, 0, 1, 0.15f), expected, 1e-5));
  const Matrix none = run(*backend_, x, head, table, sums, 0, 1, 0);
  for (const float value : none.values) EXPECT_EQ(value, 0);
}

TEST_P(MixEmbeddingsTest, BytesOfARowDependOnNothingButTheRow) {
  const Matrix x = random_matrix(65, kHidden, 1), head = random_matrix(600, kHidden, 2);
  const Matrix table = random_matrix(600, kWidth, 3);
  const std::vector<float> sums = log_sum_exps(x, head);
  const Matrix all = run(*backend_, x, head, table, sums, 0, 1);
  const auto alone = GetParam().make(1);  // and no second thread
  for (int i = 0; i < x.rows; i += GetParam().size_step) {
    ASSERT_TRUE(
        same_bytes(run(*alone, x.row(i), head, table, {sums[std::size_t(i)]}, 0, 1), all.row(i)));
  }
}

TEST_P(MixEmbeddingsTest, ATableOfBf16IsReadExactly) {
  const Matrix x = random_matrix(4, kHidden, 1), head = random_matrix(50, kHidden, 2);
  const Matrix table = rounded_to(DType::kBF16, random_matrix(50, kWidth, 3));
  const std::vector<float> sums = log_sum_exps(x, head);
  std::vector<std::uint16_t> brain;
  for (const float value : table.values) brain.push_back(bf16_of(value));
  const Array<std::uint16_t> device_table(*backend_, brain);
  const auto packed =
      backend_->pack_matrix({{head.host()}}, DType::kF32, ShareOffsets{{0, kHidden}, 1});
  const DeviceMatrix in(*backend_, x), out(*backend_, 4, kWidth);
  const Array<CandidateStats> stats(*backend_, stats_of(sums));
  const Array<float> weights(*backend_, std::vector<float>(4, 1.0f));
  backend_->run(MixEmbeddings{.x = in.view(),
                              .head = *packed,
                              .table = {device_table.data(), DType::kBF16, 50, kWidth},
                              .vocab_shares = local_shares(50, 0, 1),
                              .stats = stats.data(),
                              .weights = weights.data(),
                              .out = out.view()});
  EXPECT_TRUE(same_bytes(out.read(), run(*backend_, x, head, table, sums, 0, 1)));
}

}  // namespace
}  // namespace unmask::kernels
