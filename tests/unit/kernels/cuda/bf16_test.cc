/// What only this kind of device has: activations, keys and values of bf16.

#include "tests/unit/kernels/attention_batch.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using Bf16Test = BackendTest;
UNMASK_ON_ALL_DEVICES(Bf16Test);

struct Types {
  DType rows, kv;
};
constexpr Types kTypes[] = {{DType::kF32, DType::kBF16}, {DType::kBF16, DType::kBF16}};

/// q is rounded to bf16 whatever it was, and so are the weights of the values: relative 2^-8 each.
constexpr double kAttentionTolerance = 0.02;

TEST_P(Bf16Test, AttentionAgreesWithTheReference) {
  const auto bf16 = [](Matrix matrix) { return rounded_to(DType::kBF16, std::move(matrix)); };
  for (const int head_dim : {4, 16, 20, 64, 128, 256}) {
    const Batch batch = ragged_batch({3, 2, head_dim}, {0, 1, 1});
    const Matrix qkv = bf16(random_matrix(batch.num_rows(), batch.qkv_cols(), 1));
    const Matrix keys = bf16(random_matrix(100, batch.kv_cols(), 2));
    const Matrix values = bf16(random_matrix(100, batch.kv_cols(), 3));
    for (const Types types : kTypes) {
      EXPECT_TRUE(is_near(batch.run(*backend_, qkv, keys, values, types.rows, types.kv),
                          batch.reference(qkv, keys, values), kAttentionTolerance))
          << head_dim;
    }
  }
}

TEST_P(Bf16Test, AttentionOverManyKeysAgreesWithTheReference) {
  Batch batch{{1, 1, 32}, {0}};
  batch.add({{0, 700}, {900, 300}}, {1000, 1, 64, 65, 512, 513, 999});
  const Matrix qkv = rounded_to(DType::kBF16, random_matrix(7, 96, 1));
  const Matrix keys = rounded_to(DType::kBF16, random_matrix(1200, 32, 2));
  const Matrix values = rounded_to(DType::kBF16, random_matrix(1200, 32, 3));
  EXPECT_TRUE(is_near(batch.run(*backend_, qkv, keys, values, DType::kF32, DType::kBF16),
                      batch.reference(qkv, keys, values), kAttentionTolerance));
}

TEST_P(Bf16Test, TilesOfManyKeysAreSharedByTheRowsOfAllWarps) {
  // Each of its 8 sums has four tiles of keys, so that both stages are used again.
  Batch batch{{1, 1, 16}, {0}};
  std::vector<std::int32_t> limits(40, 2000);
  limits[20] = 70;
  batch.add({{0, 900}, {1000, 1100}}, limits);
  const Matrix qkv = rounded_to(DType::kBF16, random_matrix(40, 48, 1));
  const Matrix keys = rounded_to(DType::kBF16, random_matrix(2100, 16, 2));
  const Matrix values = rounded_to(DType::kBF16, random_matrix(2100, 16, 3));
  EXPECT_TRUE(is_near(batch.run(*backend_, qkv, keys, values, DType::kF32, DType::kBF16),
                      batch.reference(qkv, keys, values), kAttentionTolerance));
}

TEST_P(Bf16Test, BytesOfARowsAttentionDependOnItsKeysAlone) {
  const HeadShape heads{3, 3, 24};
  const Batch batch = ragged_batch(heads, {0, 1, 2});
  const Matrix qkv = random_matrix(batch.num_rows(), batch.qkv_cols(), 1);
  const Matrix keys = random_matrix(100, batch.kv_cols(), 2);
  const Matrix values = random_matrix(100, batch.kv_cols(), 3);
  const Matrix all = batch.run(*backend_, qkv, keys, values, DType::kF32, DType::kBF16);
  const int step = GetParam().size_step > 1 ? 5 : 1;
  for (int s = 0; s + 1 < int(batch.row_offsets.size()); ++s) {
    const int begin = batch.row_offsets[std::size_t(s)];
    const int end = batch.row_offsets[std::size_t(s) + 1];
    for (int i = begin; i < end; i += step) {
      Batch one{heads, {0, 1, 2}};
      one.add({batch.runs.begin() + batch.run_offsets[std::size_t(s)],
               batch.runs.begin() + batch.run_offsets[std::size_t(s) + 1]},
              {batch.key_limit[std::size_t(i)]});
      ASSERT_TRUE(same_bytes(
          one.run(*backend_, qkv.row(i), keys, values, DType::kF32, DType::kBF16), all.row(i)))
          << i;
    }
  }
}

TEST_P(Bf16Test, LargeScoresDoNotOverflow) {
  Batch batch{{1, 1, 8}, {0}};
  batch.add({{0, 40}}, {40});
  const Matrix qkv = random_matrix(1, 24, 1, 100.0f), keys = random_matrix(40, 8, 2, 100.0f);
  const Matrix values = random_matrix(40, 8, 3);
  const Matrix out = batch.run(*backend_, qkv, keys, values, DType::kBF16, DType::kBF16);
  for (const float value : out.values) EXPECT_TRUE(std::isfinite(value));
}

TEST_P(Bf16Test, LinearRoundsItsSumsOnce) {
  const Matrix x = rounded_to(DType::kBF16, random_matrix(70, 130, 1));
  const Matrix weight = rounded_to(DType::kBF16, random_matrix(67, 130, 2));
  const auto packed =
      backend_->pack_matrix({{weight.host()}}, DType::kBF16, local_shares(130, 0, 1));
  const DeviceMatrix exact_in(*backend_, x), exact(*backend_, 70, 67);
  backend_->run(Linear{.x = exact_in.view(), .weight = *packed, .out = exact.view()});
  const DeviceMatrix in(*backend_, x, DType::kBF16), out(*backend_, 70, 67, DType::kBF16);
  backend_->run(Linear{.x = in.view(), .weight = *packed, .out = out.view()});
  EXPECT_TRUE(same_bytes(out.read(), rounded_to(DType::kBF16, exact.read())));
}

TEST_P(Bf16Test, GatheredRowsAreRoundedOnce) {
  const Matrix x = random_matrix(5, 36, 1);
  const Array<std::int32_t> rows(*backend_, {4, 1});
  const DeviceMatrix in(*backend_, x), out(*backend_, 2, 36, DType::kBF16);
  backend_->run(GatherRows{.x = in.view(), .rows = rows.data(), .out = out.view()});
  EXPECT_TRUE(same_bytes(out.read().row(0), rounded_to(DType::kBF16, x.row(4))));
  EXPECT_TRUE(same_bytes(out.read().row(1), rounded_to(DType::kBF16, x.row(1))));
}

TEST_P(Bf16Test, RowsAreNormedAndAddedInF32) {
  const Matrix x = rounded_to(DType::kBF16, random_matrix(5, 36, 1));
  const Array<float> weight(*backend_, random_matrix(1, 36, 2).values);
  const DeviceMatrix exact_in(*backend_, x), exact(*backend_, 5, 36);
  backend_->run(
      RmsNorm{.x = exact_in.view(), .weight = weight.data(), .eps = 1e-5f, .out = exact.view()});
  const DeviceMatrix in(*backend_, x, DType::kBF16), out(*backend_, 5, 36, DType::kBF16);
  backend_->run(RmsNorm{.x = in.view(), .weight = weight.data(), .eps = 1e-5f, .out = out.view()});
  EXPECT_TRUE(same_bytes(out.read(), rounded_to(DType::kBF16, exact.read())));

  const Matrix parts = rounded_to(DType::kBF16, random_matrix(4 * 5, 36, 3));
  const DeviceMatrix exact_parts(*backend_, parts), half_parts(*backend_, parts, DType::kBF16);
  backend_->run(TreeAdd{.x = exact_in.view(), .parts = exact_parts.view().data, .num_parts = 4});
  backend_->run(TreeAdd{.x = in.view(), .parts = half_parts.view().data, .num_parts = 4});
  EXPECT_TRUE(same_bytes(in.read(), rounded_to(DType::kBF16, exact_in.read())));
}

TEST_P(Bf16Test, KeysAndValuesAreRoundedOnceWhereverTheRowsAreF32) {
  const HeadShape heads{2, 1, 20};
  const Matrix qkv = random_matrix(3, 80, 1), angles = random_matrix(8, 8, 2);
  const Array<float> norm(*backend_, random_matrix(1, 20, 3).values);
  const Array<float> table(*backend_, angles.values);
  const Array<std::int32_t> positions(*backend_, {7, 0, 3}), slots(*backend_, {2, 5, 0});
  Matrix keys[2] = {Matrix(0, 0), Matrix(0, 0)}, values[2] = {Matrix(0, 0), Matrix(0, 0)};
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const DeviceMatrix in(*backend_, qkv), k(*backend_, 6, 20, dtype), v(*backend_, 6, 20, dtype);
    backend_->run(QkNormRopeKvWrite{.qkv = in.view(),
                                    .heads = heads,
                                    .q_norm = norm.data(),
                                    .k_norm = norm.data(),
                                    .eps = 1e-5f,
                                    .rope = {table.data(), table.data(), 16},
                                    .positions = positions.data(),
                                    .slots = slots.data(),
                                    .kv = {k.view(), v.view()}});
    keys[dtype == DType::kBF16] = k.read();
    values[dtype == DType::kBF16] = v.read();
  }
  EXPECT_TRUE(same_bytes(keys[1], rounded_to(DType::kBF16, keys[0])));
  EXPECT_TRUE(same_bytes(values[1], rounded_to(DType::kBF16, values[0])));
}

}  // namespace
}  // namespace unmask::kernels
