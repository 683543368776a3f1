#include <algorithm>
#include <cmath>

#include "kernels/float_formats.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using RowsTest = BackendTest;
UNMASK_ON_ALL_DEVICES(RowsTest);

TEST_P(RowsTest, EmbedTakesRowsOfTheTableAndSoftRows) {
  const Matrix table = random_matrix(9, 37, 1), soft = random_matrix(3, 37, 2);
  const std::vector<std::int32_t> tokens{8, -1, 0, -3, 8};
  std::vector<std::uint16_t> brain;
  for (const float value : table.values) brain.push_back(bf16_of(value));
  const DeviceMatrix f32(*backend_, table), soft_rows(*backend_, soft), out(*backend_, 5, 37);
  const Array<std::uint16_t> bf16(*backend_, brain);
  const Array<std::int32_t> ids(*backend_, tokens);
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const Tensor view = dtype == DType::kF32 ? f32.view() : Tensor{bf16.data(), dtype, 9, 37};
    backend_->run(Embed{
        .table = view, .tokens = ids.data(), .soft_rows = soft_rows.view(), .out = out.view()});
    const Matrix result = out.read(), rows = rounded_to(dtype, table);
    for (int i = 0; i < 5; ++i) {
      const int token = tokens[std::size_t(i)];
      EXPECT_TRUE(same_bytes(result.row(i), token < 0 ? soft.row(-1 - token) : rows.row(token)));
    }
  }
}

TEST_P(RowsTest, GatherTakesRowsInAnyOrder) {
  for (const int cols : {1, 37, 40}) {
    const Matrix x = random_matrix(9, cols, 1);
    const std::vector<std::int32_t> rows{8, 0, 3, 8};
    const DeviceMatrix in(*backend_, x), out(*backend_, 4, cols);
    const Array<std::int32_t> device_rows(*backend_, rows);
    backend_->run(GatherRows{.x = in.view(), .rows = device_rows.data(), .out = out.view()});
    const Matrix result = out.read();
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(same_bytes(result.row(i), x.row(rows[std::size_t(i)]))) << cols;
    }
  }
}

TEST_P(RowsTest, ScatterPutsRowsInAnyOrder) {
  for (const int cols : {1, 37, 40}) {
    const Matrix x = random_matrix(3, cols, 1), before = random_matrix(9, cols, 2);
    const std::vector<std::int32_t> rows{8, 0, 3};
    const DeviceMatrix in(*backend_, x), out(*backend_, before);
    const Array<std::int32_t> device_rows(*backend_, rows);
    backend_->run(ScatterRows{.x = in.view(), .rows = device_rows.data(), .out = out.view()});
    const Matrix result = out.read();
    for (int i = 0; i < 9; ++i) {
      const auto at = std::ranges::find(rows, i);
      const Matrix& from = at == rows.end() ? before : x;
      const int row = at == rows.end() ? i : int(at - rows.begin());
      EXPECT_TRUE(same_bytes(result.row(i), from.row(row))) << cols;
    }
  }
}

TEST_P(RowsTest, GuidanceMovesRowsAwayFromThoseTheyAreGuidedBy) {
  constexpr int kCols = 37;
  const Matrix x = random_matrix(5, kCols, 1);  // of which the first three are guided, or not
  const std::vector<std::int32_t> row_of{4, -1, 3};
  const std::vector<float> scales{0.5f, 7.0f, 2.0f};
  const DeviceMatrix rows(*backend_, x);
  const Array<std::int32_t> device_row_of(*backend_, row_of);
  const Array<float> device_scales(*backend_, scales);
  backend_->run(GuideRows{.x = rows_of(rows.view(), 0, 3),
                          .guidance = rows.view(),
                          .row_of = device_row_of.data(),
                          .scales = device_scales.data()});
  const Matrix result = rows.read();
  EXPECT_TRUE(same_bytes(result.row(1), x.row(1)));
  for (const int same : {3, 4}) EXPECT_TRUE(same_bytes(result.row(same), x.row(same)));
  for (const int row : {0, 2}) {
    const Matrix g = x.row(row_of[std::size_t(row)]);
    for (int col = 0; col < kCols; ++col) {
      const double away = double(x.at(row, col)) - g.at(0, col);
      const double expected = g.at(0, col) + (scales[std::size_t(row)] + 1.0) * away;
      EXPECT_NEAR(result.at(row, col), expected, 1e-5);
    }
  }
}

TEST_P(RowsTest, RmsNormAgreesWithTheReference) {
  for (const int cols : {1, 15, 16, 47, 300}) {
    const Matrix x = random_matrix(7, cols, 1), weight = random_matrix(1, cols, 2);
    const Array<float> weights(*backend_, weight.values);
    const DeviceMatrix in(*backend_, x), out(*backend_, 7, cols);
    backend_->run(
        RmsNorm{.x = in.view(), .weight = weights.data(), .eps = 1e-3f, .out = out.view()});
    std::vector<double> expected;
    for (int i = 0; i < 7; ++i) {
      double squares = 0;
      for (int j = 0; j < cols; ++j) squares += double(x.at(i, j)) * double(x.at(i, j));
      const double scale = 1 / std::sqrt(squares / cols + double(1e-3f));
      for (int j = 0; j < cols; ++j) expected.push_back(x.at(i, j) * scale * weight.at(0, j));
    }
    EXPECT_TRUE(is_near(out.read(), expected, 1e-5)) << cols;
    const DeviceMatrix one(*backend_, x.row(3)), one_out(*backend_, 1, cols);
    backend_->run(
        RmsNorm{.x = one.view(), .weight = weights.data(), .eps = 1e-3f, .out = one_out.view()});
    EXPECT_TRUE(same_bytes(one_out.read(), out.read().row(3)));
  }
}

TEST_P(RowsTest, TreeAddPairsNeighbours) {
  // Only (p0 + p1) + (p2 + p3) keeps the small numbers.
  const std::vector<float> parts{1e8f, -1e8f, 3.0f, 4.0f};
  const Array<float> device_parts(*backend_, parts);
  Matrix x(1, 1);
  x.at(0, 0) = 0.5f;
  const DeviceMatrix sum(*backend_, x);
  backend_->run(TreeAdd{.x = sum.view(), .parts = device_parts.data(), .num_parts = 4});
  EXPECT_EQ(sum.read().at(0, 0), 7.5f);
}

TEST_P(RowsTest, TreeAddAddsEveryValue) {
  for (const int num_parts : {1, 2, 8}) {
    const Matrix x = random_matrix(5, 21, 1), parts = random_matrix(num_parts * 5, 21, 2);
    const DeviceMatrix sum(*backend_, x), all(*backend_, parts);
    backend_->run(TreeAdd{.x = sum.view(), .parts = all.view().data, .num_parts = num_parts});
    std::vector<double> expected;
    for (int i = 0; i < 5; ++i) {
      for (int j = 0; j < 21; ++j) {
        double value = x.at(i, j);
        for (int p = 0; p < num_parts; ++p) value += parts.at(p * 5 + i, j);
        expected.push_back(value);
      }
    }
    EXPECT_TRUE(is_near(sum.read(), expected, 1e-5));
  }
}

/// Two query heads and one KV head of `head_dim`, of which the first `rotary_dim` are rotated.
struct QkvCase {
  int head_dim;
  int rotary_dim;
  bool has_norm;
};

void rotate(std::vector<double>& head, int rotary_dim, int position) {
  const std::vector<double> x = head;
  const int half = rotary_dim / 2;
  for (int j = 0; j < half; ++j) {
    const double c = float(std::cos(0.1 * position * j)), s = float(std::sin(0.1 * position * j));
    const auto a = std::size_t(j), b = std::size_t(j + half);
    head[a] = x[a] * c - x[b] * s;
    head[b] = x[b] * c + x[a] * s;
  }
}

void normalise(std::vector<double>& head, const Matrix& weight, double eps) {
  double squares = 0;
  for (const double value : head) squares += value * value;
  const double scale = 1 / std::sqrt(squares / double(head.size()) + eps);
  for (std::size_t j = 0; j < head.size(); ++j) head[j] *= scale * weight.at(0, int(j));
}

void expect_rotated(Backend& backend, const QkvCase& shape) {
  const int dim = shape.head_dim, half = shape.rotary_dim / 2;
  const Matrix qkv = random_matrix(3, 4 * dim, 1);
  const Matrix q_norm = random_matrix(1, dim, 2), k_norm = random_matrix(1, dim, 3);
  Matrix cos(6, half), sin(6, half);
  for (int p = 0; p < 6; ++p) {
    for (int j = 0; j < half; ++j) {
      cos.at(p, j) = float(std::cos(0.1 * p * j));
      sin.at(p, j) = float(std::sin(0.1 * p * j));
    }
  }
  const std::vector<std::int32_t> positions{5, 0, 2}, slots{1, 6, 3};
  const Array<std::int32_t> device_positions(backend, positions), device_slots(backend, slots);
  const Array<float> q_weight(backend, q_norm.values), k_weight(backend, k_norm.values);
  const Array<float> cos_table(backend, cos.values), sin_table(backend, sin.values);
  const DeviceMatrix rows(backend, qkv), keys(backend, 7, dim), values(backend, 7, dim);
  backend.run(QkNormRopeKvWrite{.qkv = rows.view(),
                                .heads = {2, 1, dim},
                                .q_norm = shape.has_norm ? q_weight.data() : nullptr,
                                .k_norm = shape.has_norm ? k_weight.data() : nullptr,
                                .eps = 1e-5f,
                                .rope = {cos_table.data(), sin_table.data(), shape.rotary_dim},
                                .positions = device_positions.data(),
                                .slots = device_slots.data(),
                                .kv = {keys.view(), values.view()}});
  std::vector<double> queries, expected_keys(std::size_t(7 * dim)), expected_values(expected_keys);
  Matrix rotated(3, 2 * dim);
  for (int i = 0; i < 3; ++i) {
    const auto slot = std::size_t(slots[std::size_t(i)]);
    for (int h = 0; h < 4; ++h) {
      std::vector<double> head;
      for (int j = 0; j < dim; ++j) head.push_back(qkv.at(i, h * dim + j));
      if (h == 3) {
        std::copy(head.begin(), head.end(), expected_values.begin() + std::ptrdiff_t(slot) * dim);
        continue;
      }
      if (shape.has_norm) normalise(head, h < 2 ? q_norm : k_norm, double(1e-5f));
      rotate(head, shape.rotary_dim, positions[std::size_t(i)]);
      if (h == 2) {
        std::copy(head.begin(), head.end(), expected_keys.begin() + std::ptrdiff_t(slot) * dim);
      } else {
        queries.insert(queries.end(), head.begin(), head.end());
        for (int j = 0; j < dim; ++j) rotated.at(i, h * dim + j) = rows.read().at(i, h * dim + j);
      }
    }
  }
  EXPECT_TRUE(is_near(rotated, queries, 1e-5));
  EXPECT_TRUE(is_near(keys.read(), expected_keys, 1e-5));
  EXPECT_TRUE(is_near(values.read(), expected_values, 0));
}

TEST_P(RowsTest, HeadsAreNormalisedRotatedAndCachedInTheirSlots) {
  for (const bool has_norm : {false, true}) {
    expect_rotated(*backend_, {.head_dim = 16, .rotary_dim = 16, .has_norm = has_norm});
    expect_rotated(*backend_, {.head_dim = 20, .rotary_dim = 6, .has_norm = has_norm});
    expect_rotated(*backend_, {.head_dim = 70, .rotary_dim = 66, .has_norm = has_norm});
    expect_rotated(*backend_, {.head_dim = 8, .rotary_dim = 0, .has_norm = has_norm});
  }
}

TEST_P(RowsTest, AWorkerMayHoldNoHeads) {
  const Tensor nothing{nullptr, DType::kF32, 2, 0}, no_slots{nullptr, DType::kF32, 4, 0};
  const Array<std::int32_t> positions(*backend_, std::vector<std::int32_t>{0, 1});
  backend_->run(QkNormRopeKvWrite{.qkv = nothing,
                                  .heads = {0, 0, 16},
                                  .eps = 1e-5f,
                                  .rope = {},
                                  .positions = positions.data(),
                                  .slots = positions.data(),
                                  .kv = {no_slots, no_slots}});
}

}  // namespace
}  // namespace unmask::kernels
