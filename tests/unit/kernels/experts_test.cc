#include <algorithm>
#include <cmath>

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using ExpertsTest = BackendTest;
UNMASK_ON_ALL_DEVICES(ExpertsTest);

struct Layer {
  std::vector<Matrix> gate, up, down;
  int top_k = 0;
  std::vector<std::int32_t> ids;  // [num_rows, top_k]
  std::vector<float> weights;

  Layer(int num_experts, int hidden, int width, int num_rows, int num_chosen) : top_k(num_chosen) {
    for (unsigned e = 0; e < unsigned(num_experts); ++e) {
      gate.push_back(random_matrix(width, hidden, 100 + e, 0.3f));
      up.push_back(random_matrix(width, hidden, 200 + e, 0.3f));
      down.push_back(random_matrix(hidden, width, 300 + e, 0.3f));
    }
    std::mt19937 random(5);
    for (int i = 0; i < num_rows; ++i) {
      const auto first = int(random() % unsigned(num_experts));
      for (int k = 0; k < top_k; ++k) {
        ids.push_back((first + 5 * k) % num_experts);
        weights.push_back(0.1f + float(random() % 100) / 100);
      }
    }
  }

  std::unique_ptr<PackedExperts> pack(Backend& backend, DType dtype, int begin, int end,
                                      const ShareOffsets& shares) const {
    std::vector<ExpertMatrices> held;
    for (int e = begin; e < end; ++e) {
      const auto i = std::size_t(e);
      held.push_back({gate[i].host(), up[i].host(), down[i].host()});
    }
    return backend.pack_experts(held, dtype, shares);
  }
};

/// Rows [first, first + x.rows) of the layer's choices.
Matrix run(Backend& backend, const Layer& layer, const Matrix& x, int first,
           const PackedExperts& experts, int first_expert) {
  const auto at = std::size_t(first * layer.top_k), size = std::size_t(x.rows * layer.top_k);
  const Array<std::int32_t> ids(backend, std::span(layer.ids).subspan(at, size));
  const Array<float> weights(backend, std::span(layer.weights).subspan(at, size));
  const DeviceMatrix in(backend, x), out(backend, x.rows, x.cols);
  backend.run(Experts{.x = in.view(),
                      .experts = experts,
                      .first_expert = first_expert,
                      .top_k = layer.top_k,
                      .expert_ids = ids.data(),
                      .expert_weights = weights.data(),
                      .out = out.view()});
  return out.read();
}

double dot(const Matrix& weight, int row, const std::vector<double>& x) {
  double sum = 0;
  for (int k = 0; k < weight.cols; ++k) sum += double(weight.at(row, k)) * x[std::size_t(k)];
  return sum;
}

std::vector<double> reference(const Layer& layer, const Matrix& x, DType dtype) {
  std::vector<double> out(x.values.size());
  const Matrix rounded_x = rounded_to(dtype, x);
  for (int i = 0; i < x.rows; ++i) {
    const Matrix row = rounded_x.row(i);
    const std::vector<double> in(row.values.begin(), row.values.end());
    for (int k = 0; k < layer.top_k; ++k) {
      const auto choice = std::size_t(i * layer.top_k + k);
      const auto e = std::size_t(layer.ids[choice]);
      const Matrix gate = rounded_to(dtype, layer.gate[e]), up = rounded_to(dtype, layer.up[e]);
      Matrix activation(1, gate.rows);
      for (int j = 0; j < gate.rows; ++j) {
        const double g = dot(gate, j, in);
        activation.at(0, j) = float(g / (1 + std::exp(-g)) * dot(up, j, in));
      }
      activation = rounded_to(dtype, activation);
      const std::vector<double> inner(activation.values.begin(), activation.values.end());
      const Matrix down = rounded_to(dtype, layer.down[e]);
      for (int j = 0; j < x.cols; ++j) {
        out[std::size_t(i * x.cols + j)] += layer.weights[choice] * dot(down, j, inner);
      }
    }
  }
  return out;
}

TEST_P(ExpertsTest, AgreeWithTheReference) {
  for (const auto& [hidden, width] : {std::pair{16, 16}, {33, 20}, {96, 7}, {50, 100}}) {
    for (const int num_rows : {1, 3, 30}) {
      const Layer layer(11, hidden, width, num_rows, 3);
      const Matrix x = random_matrix(num_rows, hidden, 1);
      for (const DType dtype : {DType::kF32, DType::kBF16}) {
        const auto packed = layer.pack(*backend_, dtype, 0, 11, local_shares(11, 0, 1));
        // In bf16 an activation on the border may round the other way than the reference's.
        const double tolerance = dtype == DType::kF32 ? 2e-4 : 5e-2;
        EXPECT_TRUE(
            is_near(run(*backend_, layer, x, 0, *packed, 0), reference(layer, x, dtype), tolerance))
            << hidden << ", " << width << ", " << num_rows;
      }
    }
  }
}

TEST_P(ExpertsTest, BytesOfARowDependOnNothingButTheRow) {
  const Layer layer(9, 130, 70, 130, 4);
  const Matrix x = random_matrix(130, 130, 1);
  const auto alone = GetParam().make(1);  // and no second thread
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const auto packed = layer.pack(*backend_, dtype, 0, 9, local_shares(9, 0, 1));
    const auto packed_alone = layer.pack(*alone, dtype, 0, 9, local_shares(9, 0, 1));
    const Matrix all = run(*backend_, layer, x, 0, *packed, 0);
    for (int count = 1; count <= x.rows; count += GetParam().size_step) {
      ASSERT_TRUE(same_bytes(run(*backend_, layer, x.first_rows(count), 0, *packed, 0),
                             all.first_rows(count)))
          << count << " rows";
    }
    for (int i = 0; i < x.rows; i += GetParam().size_step) {
      ASSERT_TRUE(same_bytes(run(*alone, layer, x.row(i), i, *packed_alone, 0), all.row(i)));
    }
  }
}

TEST_P(ExpertsTest, WhatManyRowsChoseIsAsInPieces) {
  constexpr int kPiece = 60;
  for (const int popular : {1, 64, 65, 128, 129, 192, 193, 261}) {
    const int num_rows = std::max(popular + 3, 130);
    Layer layer(3, 70, 40, num_rows, 1);
    for (int i = 0; i < num_rows; ++i) layer.ids[std::size_t(i)] = i < popular ? 1 : 2;
    const Matrix x = random_matrix(num_rows, 70, 1);
    for (const DType dtype : {DType::kF32, DType::kBF16}) {
      const auto packed = layer.pack(*backend_, dtype, 0, 3, local_shares(3, 0, 1));
      const Matrix all = run(*backend_, layer, x, 0, *packed, 0);
      for (int first = 0; first < num_rows; first += kPiece) {
        const int count = std::min(kPiece, num_rows - first);
        Matrix piece(count, 70);
        std::copy_n(x.values.begin() + std::ptrdiff_t(first) * 70, piece.values.size(),
                    piece.values.begin());
        const Matrix rows = run(*backend_, layer, piece, first, *packed, 0);
        for (int i = 0; i < count; ++i) {
          ASSERT_TRUE(same_bytes(rows.row(i), all.row(first + i)))
              << "row " << first + i << ", " << popular << " of one expert";
        }
      }
    }
  }
}

TEST_P(ExpertsTest, AnyNumberOfWorkersGivesTheSameBytes) {
  for (const int num_experts : {5, 8, 13}) {  // fewer than shares, and shares of unequal size
    const Layer layer(num_experts, 40, 24, 17, 4);
    const Matrix x = random_matrix(17, 40, 1), before = random_matrix(17, 40, 2);
    std::vector<Matrix> sums;
    for (const int num_ranks : {1, 2, 4, 8}) {
      std::vector<float> parts;
      for (int rank = 0; rank < num_ranks; ++rank) {
        const ShareOffsets shares = local_shares(num_experts, rank, num_ranks);
        const int first = int(share_begin(num_experts, rank * shares.count));
        const auto packed =
            layer.pack(*backend_, DType::kBF16, first, first + int(shares.num_items()), shares);
        const Matrix part = run(*backend_, layer, x, 0, *packed, first);
        parts.insert(parts.end(), part.values.begin(), part.values.end());
      }
      const Array<float> all_parts(*backend_, parts);
      const DeviceMatrix sum(*backend_, before);
      backend_->run(TreeAdd{.x = sum.view(), .parts = all_parts.data(), .num_parts = num_ranks});
      sums.push_back(sum.read());
    }
    for (const Matrix& sum : sums) EXPECT_TRUE(same_bytes(sum, sums[0])) << num_experts;
  }
}

TEST_P(ExpertsTest, RowsThatChoseNoneHereGiveZeros) {
  const Layer layer(6, 20, 16, 2, 2);
  const Matrix x = random_matrix(2, 20, 1);
  const auto none = layer.pack(*backend_, DType::kF32, 0, 0, ShareOffsets{});
  EXPECT_TRUE(same_bytes(run(*backend_, layer, x, 0, *none, 0), Matrix(2, 20)));
  const auto others = layer.pack(*backend_, DType::kF32, 0, 6, local_shares(6, 0, 1));
  EXPECT_TRUE(same_bytes(run(*backend_, layer, x, 0, *others, 1000), Matrix(2, 20)));
}

}  // namespace
}  // namespace unmask::kernels
