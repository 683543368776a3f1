/// Operations whose number of rows stands in device memory: the rows that are there come out as
/// they do alone, and nothing behind them is written.

#include <gtest/gtest.h>

#include <cstring>

#include "kernels/merge.h"
#include "tests/unit/kernels/attention_batch.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

constexpr int kRoom = 37;
constexpr int kCols = 96;
constexpr float kPoison = 12345.0f;

class LiveRowsTest : public BackendTest {
 protected:
  /// A Tensor of `array`'s rows, of which `live` are there.
  [[nodiscard]] Tensor live(const DeviceMatrix& matrix) const {
    Tensor tensor = matrix.view();
    tensor.live_rows = live_->data();
    return tensor;
  }

  static Matrix poisoned(int cols) {
    Matrix matrix(kRoom, cols);
    matrix.values.assign(matrix.values.size(), kPoison);
    return matrix;
  }

  /// work(x, out) enqueues an operation from rows [n, kCols] to rows [n, out_cols].
  template <class Work>
  void expect_as_alone(int out_cols, const Work& work, bool is_in_place = false) {
    const Matrix x = random_matrix(kRoom, kCols, 7);
    for (const int count : {1, 16, 17, 33, kRoom}) {
      live_ = std::make_unique<Array<std::int32_t>>(*backend_, std::vector<std::int32_t>{count});
      const DeviceMatrix in(*backend_, x), out(*backend_, is_in_place ? x : poisoned(out_cols));
      const DeviceMatrix few(*backend_, x.first_rows(count));
      const DeviceMatrix alone(*backend_,
                               is_in_place ? x.first_rows(count) : Matrix(count, out_cols));
      work(live(in), live(out));
      work(few.view(), alone.view());
      const Matrix result = out.read();
      EXPECT_TRUE(same_bytes(result.first_rows(count), alone.read())) << count << " rows";
      for (int row = count; row < kRoom; ++row) {
        for (int col = 0; col < out_cols; ++col) {
          ASSERT_EQ(result.at(row, col), is_in_place ? x.at(row, col) : kPoison)
              << "row " << row << " of " << count;
        }
      }
    }
  }

  std::unique_ptr<Array<std::int32_t>> live_;
};
UNMASK_ON_ALL_DEVICES(LiveRowsTest);

TEST_P(LiveRowsTest, RmsNorm) {
  const Array<float> weight(*backend_, random_matrix(1, kCols, 2).values);
  expect_as_alone(kCols, [&](Tensor x, Tensor out) {
    backend_->run(kernels::RmsNorm{.x = x, .weight = weight.data(), .eps = 1e-5f, .out = out});
  });
}

TEST_P(LiveRowsTest, EmbedAndGatherRows) {
  std::vector<std::int32_t> picks;
  for (int i = 0; i < kRoom; ++i) picks.push_back((i * 5) % 23);
  const Array<std::int32_t> ids(*backend_, picks);
  const DeviceMatrix table(*backend_, random_matrix(kRoom, kCols, 3));
  expect_as_alone(kCols, [&](Tensor, Tensor out) {
    backend_->run(kernels::Embed{.table = table.view(), .tokens = ids.data(), .out = out});
  });
  expect_as_alone(kCols, [&](Tensor, Tensor out) {
    backend_->run(kernels::GatherRows{.x = table.view(), .rows = ids.data(), .out = out});
  });
}

TEST_P(LiveRowsTest, GuideRows) {
  const DeviceMatrix guidance(*backend_, random_matrix(kRoom, kCols, 14));
  std::vector<std::int32_t> row_of;
  for (int i = 0; i < kRoom; ++i) row_of.push_back(i % 3 == 0 ? -1 : (i * 5) % kRoom);
  const Array<std::int32_t> rows(*backend_, row_of);
  const Array<float> scales(*backend_, std::vector<float>(kRoom, 1.5f));
  expect_as_alone(
      kCols,
      [&](Tensor, Tensor x) {
        backend_->run(kernels::GuideRows{
            .x = x, .guidance = guidance.view(), .row_of = rows.data(), .scales = scales.data()});
      },
      true);
}

TEST_P(LiveRowsTest, ScatterRows) {
  std::vector<std::int32_t> places;
  for (int i = 0; i < kRoom; ++i) places.push_back(i);
  const Array<std::int32_t> rows(*backend_, places);
  expect_as_alone(kCols, [&](Tensor x, Tensor out) {
    backend_->run(kernels::ScatterRows{.x = x, .rows = rows.data(), .out = out});
  });
}

TEST_P(LiveRowsTest, MixEmbeddings) {
  constexpr int kIds = 150, kWidth = 70;
  const Matrix head = random_matrix(kIds, kCols, 11, 0.2f);
  const DeviceMatrix table(*backend_, random_matrix(kIds, kWidth, 13));
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const auto packed = backend_->pack_matrix({{head.host()}}, dtype, ShareOffsets{{0, kCols}, 1});
    expect_as_alone(kWidth, [&](Tensor x, Tensor out) {
      const std::vector<CandidateStats> some(std::size_t(x.rows), {.max = 2, .sum_exp = 3});
      const Array<CandidateStats> stats(*backend_, some);
      const Array<float> weights(*backend_, std::vector<float>(std::size_t(x.rows), 0.3f));
      backend_->run(kernels::MixEmbeddings{.x = x,
                                           .head = *packed,
                                           .table = table.view(),
                                           .vocab_shares = local_shares(kIds, 0, 1),
                                           .stats = stats.data(),
                                           .weights = weights.data(),
                                           .out = out});
      backend_->synchronize();
    });
  }
}

TEST_P(LiveRowsTest, Linear) {
  const Matrix weight = random_matrix(70, kCols, 4, 0.2f);
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    for (const int num_ranks : {1, 8}) {  // eight shares of the columns, and one
      const HostMatrix part = weight.host();
      ShareOffsets shares = local_shares(kCols, 0, 1);
      if (num_ranks == 8) shares = ShareOffsets{{0, kCols}, 1};
      const auto packed = backend_->pack_matrix({&part, 1}, dtype, shares);
      expect_as_alone(weight.rows, [&](Tensor x, Tensor out) {
        backend_->run(kernels::Linear{.x = x, .weight = *packed, .out = out});
      });
    }
  }
}

TEST_P(LiveRowsTest, TreeAdd) {
  // Parts lie one behind the other by the room that there is.
  const Matrix part = random_matrix(kRoom, kCols, 5);
  expect_as_alone(
      kCols,
      [&](Tensor, Tensor x) {
        std::vector<float> parts;
        for (int p = 0; p < 2; ++p) {
          const Matrix rows = part.first_rows(x.rows);
          parts.insert(parts.end(), rows.values.begin(), rows.values.end());
        }
        const Array<float> device_parts(*backend_, parts);
        backend_->run(kernels::TreeAdd{.x = x, .parts = device_parts.data(), .num_parts = 2});
        backend_->synchronize();
      },
      true);
}

TEST_P(LiveRowsTest, RouteTopkAndExperts) {
  constexpr int kExperts = 6, kTopK = 2, kWidth = 40;
  const Array<float> router(*backend_, random_matrix(kExperts, kCols, 6).values);
  std::vector<Matrix> matrices;
  for (unsigned i = 0; i < 3 * kExperts; ++i) {
    const bool is_down = i % 3 == 2;
    matrices.push_back(
        random_matrix(is_down ? kCols : kWidth, is_down ? kWidth : kCols, 20 + i, 0.2f));
  }
  std::vector<ExpertMatrices> held;
  for (std::size_t e = 0; e < kExperts; ++e) {
    held.push_back(
        {matrices[3 * e].host(), matrices[3 * e + 1].host(), matrices[3 * e + 2].host()});
  }
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const auto experts = backend_->pack_experts(held, dtype, local_shares(kExperts, 0, 1));
    const auto none = backend_->pack_experts({}, dtype, local_shares(0, 0, 1));
    for (const PackedExperts* packed : {experts.get(), none.get()}) {
      expect_as_alone(kCols, [&](Tensor x, Tensor out) {
        const auto choices = std::size_t(x.rows) * kTopK;
        // Ids that nobody chose would be out of range.
        const Array<std::int32_t> ids(*backend_, std::vector<std::int32_t>(choices, 1 << 20));
        const Array<float> weights(*backend_, choices);
        backend_->run(kernels::RouteTopk{.x = x,
                                         .router = router.data(),
                                         .num_experts = kExperts,
                                         .routing = {.top_k = kTopK},
                                         .expert_ids = ids.data(),
                                         .expert_weights = weights.data()});
        backend_->run(kernels::Experts{.x = x,
                                       .experts = *packed,
                                       .top_k = kTopK,
                                       .expert_ids = ids.data(),
                                       .expert_weights = weights.data(),
                                       .out = out});
        backend_->synchronize();
      });
    }
  }
}

/// Two sequences that are there, and room for two more, which are empty.
TEST_P(LiveRowsTest, KeysAreWrittenAndSeenByRowsThatAreThere) {
  const HeadShape heads{.num_heads = 1, .num_kv_heads = 1, .head_dim = kCols / 3};
  const int dim = heads.head_dim;
  const Array<float> cos(*backend_, random_matrix(kRoom, dim / 2, 8).values);
  const Array<float> sin(*backend_, random_matrix(kRoom, dim / 2, 9).values);
  std::vector<std::int32_t> order, limits;
  for (int i = 0; i < kRoom; ++i) order.push_back(i);
  const Array<std::int32_t> places(*backend_, order);
  const Array<std::int32_t> kv_head(*backend_, std::vector<std::int32_t>{0});
  expect_as_alone(dim, [&](Tensor x, Tensor out) {
    std::int32_t count = x.rows;
    if (x.live_rows != nullptr) backend_->download(&count, x.live_rows, sizeof count);
    const std::int32_t half = count / 2;
    const Array<std::int32_t> row_offsets(*backend_, std::vector{0, half, count, count, count});
    const Array<std::int32_t> run_offsets(*backend_, std::vector{0, 1, 2, 2, 2});
    const Array<KvRun> runs(*backend_, std::vector<KvRun>{{0, half}, {half, count - half}});
    std::vector<std::int32_t> sees(std::size_t(x.rows), 1 << 20);  // of rows that are not there
    for (std::int32_t i = 0; i < count; ++i) sees[std::size_t(i)] = i < half ? half : count - half;
    const Array<std::int32_t> key_limit(*backend_, sees);
    const DeviceMatrix keys(*backend_, poisoned(dim)), values(*backend_, poisoned(dim));
    const KvLayer kv{.keys = keys.view(), .values = values.view()};
    backend_->run(kernels::QkNormRopeKvWrite{
        .qkv = x,
        .heads = heads,
        .rope = {.cos = cos.data(), .sin = sin.data(), .rotary_dim = dim},
        .positions = places.data(),
        .slots = places.data(),
        .kv = kv});
    backend_->run(kernels::Attention{.qkv = x,
                                     .heads = heads,
                                     .kv = kv,
                                     .plan = {4, row_offsets.data(), run_offsets.data(),
                                              runs.data(), kv_head.data(), key_limit.data()},
                                     .out = out});
    const Matrix written = keys.read();
    for (int row = count; row < kRoom; ++row) ASSERT_EQ(written.at(row, 0), kPoison) << row;
  });
}

TEST_P(LiveRowsTest, LmHeadCandidatesAndTheirMerge) {
  constexpr int kIds = 150;
  const Matrix head = random_matrix(kIds, kCols, 11, 0.2f), x = random_matrix(kRoom, kCols, 12);
  const HostMatrix part = head.host();
  const auto packed = backend_->pack_matrix({&part, 1}, DType::kF32, ShareOffsets{{0, kCols}, 1});
  const Array<LogitRules> rules(*backend_, std::vector<LogitRules>(1));
  const auto find = [&](int room, int count) {
    live_ = std::make_unique<Array<std::int32_t>>(*backend_, std::vector<std::int32_t>{count});
    const DeviceMatrix in(*backend_, x.first_rows(room));
    // The rules and the present tokens of rows that are not there are nonsense.
    std::vector<std::int32_t> rules_of_row(std::size_t(room), 1 << 20), present(rules_of_row);
    for (int i = 0; i < count; ++i) {
      rules_of_row[std::size_t(i)] = 0;
      present[std::size_t(i)] = i;
    }
    const Array<std::int32_t> row_rules(*backend_, rules_of_row), wanted(*backend_, present);
    std::vector<CandidateStats> poison(std::size_t(2 * room));
    for (CandidateStats& stats : poison) stats.token = -7;
    const Array<CandidateStats> parts(*backend_, poison), out(*backend_, poison);
    const Array<float> logits(*backend_, std::vector<float>(std::size_t(room), kPoison));
    backend_->run(kernels::LmHeadCandidates{.x = live(in),
                                            .head = *packed,
                                            .vocab_shares = local_shares(kIds, 0, 1),
                                            .rules = rules.data(),
                                            .rules_of_row = row_rules.data(),
                                            .present = wanted.data(),
                                            .present_logits = logits.data(),
                                            .out = parts.data()});
    backend_->run(kernels::MergeCandidates{.parts = parts.data(),
                                           .num_parts = 1,
                                           .num_rows = room,
                                           .live_rows = live_->data(),
                                           .out = out.data()});
    return std::pair(out.read(), logits.read());
  };
  for (const int count : {1, 20, kRoom}) {
    const auto [stats, logits] = find(kRoom, count);
    const auto [alone, alone_logits] = find(count, count);
    for (std::size_t i = 0; i < std::size_t(kRoom); ++i) {
      if (i >= std::size_t(count)) {
        EXPECT_EQ(stats[i].token, -7);
        EXPECT_EQ(logits[i], kPoison);
        continue;
      }
      EXPECT_EQ(std::memcmp(&stats[i], &alone[i], sizeof alone[i]), 0) << i << " of " << count;
      EXPECT_EQ(logits[i], alone_logits[i]);
    }
  }
}

}  // namespace
}  // namespace unmask::kernels
