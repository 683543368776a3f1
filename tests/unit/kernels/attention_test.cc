#include <cmath>

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using AttentionTest = BackendTest;
UNMASK_ON_ALL_DEVICES(AttentionTest);

/// A ragged batch on the host.
struct Batch {
  HeadShape heads;
  std::vector<std::int32_t> kv_head_of_head;
  std::vector<std::int32_t> row_offsets{0}, run_offsets{0}, key_limit{};
  std::vector<KvRun> runs{};

  /// One more sequence: its keys, and how many of them each of its rows sees.
  void add(const std::vector<KvRun>& keys, const std::vector<std::int32_t>& limits) {
    runs.insert(runs.end(), keys.begin(), keys.end());
    run_offsets.push_back(std::int32_t(runs.size()));
    key_limit.insert(key_limit.end(), limits.begin(), limits.end());
    row_offsets.push_back(std::int32_t(key_limit.size()));
  }
  [[nodiscard]] int num_rows() const { return row_offsets.back(); }
  [[nodiscard]] int qkv_cols() const {
    return (heads.num_heads + 2 * heads.num_kv_heads) * heads.head_dim;
  }
  [[nodiscard]] int kv_cols() const { return heads.num_kv_heads * heads.head_dim; }

  Matrix run(Backend& backend, const Matrix& qkv, const Matrix& keys, const Matrix& values) const {
    const Array<std::int32_t> rows(backend, row_offsets), run_begin(backend, run_offsets);
    const Array<std::int32_t> limits(backend, key_limit), kv_heads(backend, kv_head_of_head);
    const Array<KvRun> all_runs(backend, runs);
    const AttentionPlan plan{int(row_offsets.size()) - 1,
                             rows.data(),
                             run_begin.data(),
                             all_runs.data(),
                             kv_heads.data(),
                             limits.data()};
    const DeviceMatrix in(backend, qkv), k(backend, keys), v(backend, values);
    const DeviceMatrix out(backend, num_rows(), heads.num_heads * heads.head_dim);
    backend.attention(in.view(), heads, {k.view(), v.view()}, plan, out.view());
    return out.read();
  }

  [[nodiscard]] std::vector<int> slots_of(int sequence) const {
    std::vector<int> slots;
    for (int r = run_offsets[std::size_t(sequence)]; r < run_offsets[std::size_t(sequence) + 1];
         ++r) {
      const KvRun& run = runs[std::size_t(r)];
      for (int i = 0; i < run.num_slots; ++i) slots.push_back(run.first_slot + i);
    }
    return slots;
  }

  /// One head of one row.
  void attend(const Matrix& qkv, const Matrix& keys, const Matrix& values, int row, int head,
              const std::vector<int>& slots, std::vector<double>& out) const {
    const int dim = heads.head_dim, first = kv_head_of_head[std::size_t(head)] * dim;
    std::vector<double> sum(std::size_t(dim), 0.0);
    double total = 0;
    for (int k = 0; k < key_limit[std::size_t(row)]; ++k) {
      const int slot = slots[std::size_t(k)];
      double score = 0;
      for (int d = 0; d < dim; ++d) {
        score += double(qkv.at(row, head * dim + d)) * double(keys.at(slot, first + d));
      }
      const double weight = std::exp(score / std::sqrt(double(dim)));
      total += weight;
      for (int d = 0; d < dim; ++d) sum[std::size_t(d)] += weight * values.at(slot, first + d);
    }
    for (const double value : sum) out.push_back(total > 0 ? value / total : 0.0);
  }

  [[nodiscard]] std::vector<double> reference(const Matrix& qkv, const Matrix& keys,
                                              const Matrix& values) const {
    std::vector<double> out;
    for (int s = 0; s + 1 < int(row_offsets.size()); ++s) {
      for (int i = row_offsets[std::size_t(s)]; i < row_offsets[std::size_t(s) + 1]; ++i) {
        for (int h = 0; h < heads.num_heads; ++h) attend(qkv, keys, values, i, h, slots_of(s), out);
      }
    }
    return out;
  }
};

Batch ragged_batch(HeadShape heads, std::vector<std::int32_t> kv_head_of_head) {
  Batch batch{heads, std::move(kv_head_of_head)};
  batch.add({{3, 5}, {40, 1}, {20, 13}}, {19, 19, 1, 0, 7, 16});
  batch.add({{60, 1}}, {1});
  batch.add({}, {0, 0});
  batch.add({{0, 33}, {50, 50}}, std::vector<std::int32_t>(70, 83));
  batch.add({{7, 3}}, {});
  return batch;
}

TEST_P(AttentionTest, AgreesWithTheReference) {
  for (const int head_dim : {4, 16, 20, 64}) {
    for (const Batch& batch : {ragged_batch({2, 2, head_dim}, {0, 1}),
                               ragged_batch({5, 2, head_dim}, {0, 0, 0, 1, 1})}) {
      const Matrix qkv = random_matrix(batch.num_rows(), batch.qkv_cols(), 1);
      const Matrix keys = random_matrix(100, batch.kv_cols(), 2);
      const Matrix values = random_matrix(100, batch.kv_cols(), 3);
      EXPECT_TRUE(is_near(batch.run(*backend_, qkv, keys, values),
                          batch.reference(qkv, keys, values), 5e-6))
          << head_dim;
    }
  }
}

TEST_P(AttentionTest, LargeScoresDoNotOverflow) {
  Batch batch{{1, 1, 8}, {0}};
  batch.add({{0, 40}}, {40});
  const Matrix qkv = random_matrix(1, 24, 1, 100.0f), keys = random_matrix(40, 8, 2, 100.0f);
  const Matrix values = random_matrix(40, 8, 3);
  const Matrix out = batch.run(*backend_, qkv, keys, values);
  for (const float value : out.values) EXPECT_TRUE(std::isfinite(value));
}

TEST_P(AttentionTest, BytesOfARowDependOnItsKeysAlone) {
  const HeadShape heads{3, 3, 24};
  const Batch batch = ragged_batch(heads, {0, 1, 2});
  const Matrix qkv = random_matrix(batch.num_rows(), batch.qkv_cols(), 1);
  const Matrix keys = random_matrix(100, batch.kv_cols(), 2);
  const Matrix values = random_matrix(100, batch.kv_cols(), 3);
  const Matrix all = batch.run(*backend_, qkv, keys, values);
  const auto alone = GetParam().make(1);  // and no second thread
  for (int s = 0; s + 1 < int(batch.row_offsets.size()); ++s) {
    // The keys in one run elsewhere in the cache, and not those that the row does not see.
    const std::vector<int> slots = batch.slots_of(s);
    for (int i = batch.row_offsets[std::size_t(s)]; i < batch.row_offsets[std::size_t(s) + 1];
         ++i) {
      const int limit = batch.key_limit[std::size_t(i)];
      Matrix near_keys(90, batch.kv_cols()), near_values(90, batch.kv_cols());
      for (int k = 0; k < limit; ++k) {
        for (int j = 0; j < batch.kv_cols(); ++j) {
          near_keys.at(k + 2, j) = keys.at(slots[std::size_t(k)], j);
          near_values.at(k + 2, j) = values.at(slots[std::size_t(k)], j);
        }
      }
      Batch one{heads, {0, 1, 2}};
      one.add({{2, limit}}, {limit});
      ASSERT_TRUE(same_bytes(one.run(*alone, qkv.row(i), near_keys, near_values), all.row(i))) << i;
    }
  }
}

TEST_P(AttentionTest, WhatARowDoesNotSeeCannotHarmIt) {
  Batch batch{{1, 1, 16}, {0}};
  batch.add({{0, 20}}, {10, 20});
  const Matrix qkv = random_matrix(2, 48, 1);
  Matrix keys = random_matrix(20, 16, 2), values = random_matrix(20, 16, 3);
  const Matrix before = batch.run(*backend_, qkv, keys, values);
  keys.at(15, 3) = values.at(12, 2) = std::nanf("");
  EXPECT_TRUE(same_bytes(batch.run(*backend_, qkv, keys, values).row(0), before.row(0)));
}

TEST_P(AttentionTest, AWorkerMayHoldNoHeads) {
  Batch batch{{0, 0, 16}, {}};
  batch.add({{0, 4}}, {4, 4});
  EXPECT_EQ(batch.run(*backend_, Matrix(2, 0), Matrix(4, 0), Matrix(4, 0)).cols, 0);
}

}  // namespace
}  // namespace unmask::kernels
