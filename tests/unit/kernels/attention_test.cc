#include <cmath>

#include "tests/unit/kernels/attention_batch.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using AttentionTest = BackendTest;
UNMASK_ON_ALL_DEVICES(AttentionTest);

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
