#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using LmHeadTest = BackendTest;
UNMASK_ON_ALL_DEVICES(LmHeadTest);

/// Rules and wanted logits on the host; rules alternate between rows.
struct Query {
  std::vector<std::vector<std::int32_t>> never_chosen{{}}, not_in_confidence{{}};
  std::int32_t choosable_end = INT32_MAX;
  std::vector<std::int32_t> present{};                          // per row, or empty
  std::vector<std::int32_t> listed_offsets{}, listed_tokens{};  // or empty
  bool wants_logits = false;

  [[nodiscard]] std::size_t rules_of(int row) const {
    return std::size_t(row) % never_chosen.size();
  }
};

struct Answer {
  std::vector<CandidateStats> stats;
  std::vector<float> present, listed, logits;
};

Answer run(Backend& backend, const Matrix& x, const PackedMatrix& head, const ShareOffsets& shares,
           int first_token, const Query& query) {
  std::vector<std::unique_ptr<Array<std::int32_t>>> ids;
  std::vector<LogitRules> rules;
  for (std::size_t i = 0; i < query.never_chosen.size(); ++i) {
    const auto &never = query.never_chosen[i], &left_out = query.not_in_confidence[i];
    ids.push_back(std::make_unique<Array<std::int32_t>>(backend, never));
    ids.push_back(std::make_unique<Array<std::int32_t>>(backend, left_out));
    rules.push_back({ids[2 * i]->data(), int(never.size()), ids[2 * i + 1]->data(),
                     int(left_out.size()), query.choosable_end});
  }
  const Array<LogitRules> device_rules_table(backend, rules);
  std::vector<std::int32_t> rules_of_row;
  for (int i = 0; i < x.rows; ++i) rules_of_row.push_back(std::int32_t(query.rules_of(i)));
  const Array<std::int32_t> device_rules(backend, rules_of_row), present(backend, query.present);
  const Array<std::int32_t> offsets(backend, query.listed_offsets),
      tokens(backend, query.listed_tokens);
  const Array<float> present_logits(backend, query.present.size());
  const Array<float> listed_logits(backend, query.listed_tokens.size());
  const DeviceMatrix in(backend, x);
  const Array<CandidateStats> out(backend, std::size_t(x.rows));
  LmHeadCandidates op{.x = in.view(),
                      .head = head,
                      .vocab_shares = shares,
                      .first_token = first_token,
                      .rules = device_rules_table.data(),
                      .rules_of_row = device_rules.data(),
                      .out = out.data()};
  if (!query.present.empty()) {
    op.present = present.data();
    op.present_logits = present_logits.data();
  }
  if (!query.listed_offsets.empty()) {
    op.listed_offsets = offsets.data();
    op.listed_tokens = tokens.data();
    op.listed_logits = listed_logits.data();
  }
  const Array<float> logits(
      backend, query.wants_logits ? std::size_t(x.rows) * std::size_t(head.rows()) : 0);
  if (query.wants_logits) op.logits = logits.data();
  backend.run(op);
  return {out.read(), present_logits.read(), listed_logits.read(), logits.read()};
}

bool contains(const std::vector<std::int32_t>& ids, int id) {
  return std::ranges::find(ids, id) != ids.end();
}

double logit_of(const Matrix& x, int row, const Matrix& head, int id) {
  double sum = 0;
  for (int k = 0; k < x.cols; ++k) sum += double(x.at(row, k)) * double(head.at(id, k));
  return sum;
}

void expect_reference(const Matrix& x, const Matrix& head, const Query& query,
                      const std::vector<CandidateStats>& stats) {
  for (int i = 0; i < x.rows; ++i) {
    const CandidateStats& got = stats[std::size_t(i)];
    std::vector<std::pair<double, int>> choosable;
    double sum = 0, entropy_sum = 0;
    for (int id = 0; id < head.rows; ++id) {
      const double logit = logit_of(x, i, head, id);
      const auto rules = query.rules_of(i);
      if (!contains(query.not_in_confidence[rules], id)) {
        sum += std::exp(logit - got.max);
        entropy_sum += (logit - got.max) * std::exp(logit - got.max);
      }
      if (!contains(query.never_chosen[rules], id) && id < query.choosable_end) {
        choosable.emplace_back(-logit, id);
      }
    }
    std::ranges::sort(choosable);
    EXPECT_NEAR(got.sum_exp, sum, 1e-4 * sum);
    EXPECT_NEAR(got.sum_x_exp, entropy_sum, 1e-4 * std::abs(entropy_sum) + 1e-5);
    ASSERT_GE(choosable.size(), 2u);
    EXPECT_EQ(got.token, choosable[0].second);
    EXPECT_NEAR(got.logit, -choosable[0].first, 1e-4);
    EXPECT_EQ(got.runner_up, choosable[1].second);
    EXPECT_NEAR(got.runner_up_logit, -choosable[1].first, 1e-4);
  }
}

Query query_with_rules() {
  return {.never_chosen = {{}, {0, 17, 500, 699}},
          .not_in_confidence = {{3, 512}, {}},
          .choosable_end = 1300};
}

TEST_P(LmHeadTest, AgreesWithTheReference) {
  const Query query = query_with_rules();
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    for (const int vocab_size : {5, 17, 700, 1501}) {
      const Matrix x = rounded_to(dtype, random_matrix(15, 30, 1));
      const Matrix head = rounded_to(dtype, random_matrix(vocab_size, 30, 2, 0.7f));
      const auto packed = backend_->pack_matrix({{head.host()}}, dtype, ShareOffsets{{0, 30}, 1});
      const Answer answer = run(*backend_, x, *packed, local_shares(vocab_size, 0, 1), 0, query);
      expect_reference(x, head, query, answer.stats);
    }
  }
}

TEST_P(LmHeadTest, RowsOfManyColumnsAgreeWithTheReference) {
  // A GPU copies a few steps of columns ahead, into the places of those that are multiplied.
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const Matrix x = rounded_to(dtype, random_matrix(9, 530, 1));
    const Matrix head = rounded_to(dtype, random_matrix(140, 530, 2, 0.1f));
    const auto packed = backend_->pack_matrix({{head.host()}}, dtype, ShareOffsets{{0, 530}, 1});
    const Query query{};
    const Answer answer = run(*backend_, x, *packed, local_shares(140, 0, 1), 0, query);
    expect_reference(x, head, query, answer.stats);
  }
}

TEST_P(LmHeadTest, LogitsThatAreWantedAreThoseThatCandidatesAreFoundIn) {
  const Matrix x = random_matrix(70, 30, 1), head = random_matrix(700, 30, 2, 0.7f);
  const auto packed = backend_->pack_matrix({{head.host()}}, DType::kF32, ShareOffsets{{0, 30}, 1});
  Query query = query_with_rules();
  const ShareOffsets shares = local_shares(700, 0, 1);
  const Answer without = run(*backend_, x, *packed, shares, 0, query);
  query.wants_logits = true;
  const Answer answer = run(*backend_, x, *packed, shares, 0, query);
  for (int i = 0; i < x.rows; ++i) {
    const CandidateStats& stats = answer.stats[std::size_t(i)];
    EXPECT_EQ(stats.token, without.stats[std::size_t(i)].token);
    EXPECT_EQ(answer.logits[std::size_t(i * 700 + stats.token)], stats.logit);
    for (const int id : {0, 17, 350, 699}) {
      EXPECT_NEAR(answer.logits[std::size_t(i * 700 + id)], logit_of(x, i, head, id), 1e-4);
    }
  }
}

TEST_P(LmHeadTest, AnyNumberOfWorkersGivesTheSameBytes) {
  const Query query = query_with_rules();
  for (const int vocab_size : {3, 37, 5003}) {
    const Matrix x = random_matrix(7, 24, 1), head = random_matrix(vocab_size, 24, 2);
    std::vector<std::vector<CandidateStats>> all;
    for (const int num_ranks : {1, 2, 4, 8}) {
      std::vector<CandidateStats> parts;
      for (int rank = 0; rank < num_ranks; ++rank) {
        const ShareOffsets shares = local_shares(vocab_size, rank, num_ranks);
        const std::int64_t first = share_begin(vocab_size, rank * shares.count);
        const auto packed = backend_->pack_matrix({{head.host_rows(first, shares.num_items())}},
                                                  DType::kBF16, ShareOffsets{{0, 24}, 1});
        const Answer part = run(*backend_, x, *packed, shares, int(first), query);
        parts.insert(parts.end(), part.stats.begin(), part.stats.end());
      }
      const Array<CandidateStats> device_parts(*backend_, parts), merged(*backend_, 7u);
      backend_->run(MergeCandidates{.parts = device_parts.data(),
                                    .num_parts = num_ranks,
                                    .num_rows = 7,
                                    .out = merged.data()});
      all.push_back(merged.read());
    }
    for (const auto& stats : all) {
      EXPECT_EQ(std::memcmp(stats.data(), all[0].data(), sizeof(stats[0]) * stats.size()), 0)
          << vocab_size;
    }
  }
}

TEST_P(LmHeadTest, BytesOfARowDependOnNothingButTheRow) {
  const Query query{.never_chosen = {{1, 2}}, .not_in_confidence = {{2}}};
  const Matrix x = random_matrix(300, 40, 1), head = random_matrix(1200, 40, 2);
  const auto alone = GetParam().make(1);  // and no second thread
  const ShareOffsets whole{{0, 40}, 1}, shares = local_shares(1200, 0, 1);
  const auto packed = backend_->pack_matrix({{head.host()}}, DType::kBF16, whole);
  const auto packed_alone = alone->pack_matrix({{head.host()}}, DType::kBF16, whole);
  const Answer all = run(*backend_, x, *packed, shares, 0, query);
  for (int i = 0; i < x.rows; i += GetParam().size_step) {
    const Answer one = run(*alone, x.row(i), *packed_alone, shares, 0, query);
    ASSERT_EQ(std::memcmp(&one.stats[0], &all.stats[std::size_t(i)], sizeof(CandidateStats)), 0);
  }
}

TEST_P(LmHeadTest, TheLowestIdWinsATie) {
  Matrix head = random_matrix(1100, 8, 1, 0.01f);
  const Matrix x = random_matrix(1, 8, 2);
  for (const int id : {41, 600, 1099}) {
    for (int k = 0; k < 8; ++k) head.at(id, k) = x.at(0, k);
  }
  const auto packed = backend_->pack_matrix({{head.host()}}, DType::kF32, ShareOffsets{{0, 8}, 1});
  const Answer answer = run(*backend_, x, *packed, local_shares(1100, 0, 1), 0, {});
  EXPECT_EQ(answer.stats[0].token, 41);
  EXPECT_EQ(answer.stats[0].runner_up, 600);
}

TEST_P(LmHeadTest, WantedLogitsAreGivenByTheWorkerThatHoldsTheirIds) {
  const Matrix x = random_matrix(3, 12, 1), head = random_matrix(60, 12, 2);
  const auto packed = backend_->pack_matrix({{head.host()}}, DType::kF32, ShareOffsets{{0, 12}, 1});
  const Query query{.never_chosen = {{105, 130}},
                    .not_in_confidence = {{105}},
                    .present = {105, -1, 99},
                    .listed_offsets = {0, 2, 2, 5},
                    .listed_tokens = {130, 160, 159, 100, 100}};
  const Answer answer = run(*backend_, x, *packed, local_shares(60, 0, 1), 100, query);
  EXPECT_NEAR(answer.present[0], logit_of(x, 0, head, 5), 1e-4);  // although it is never chosen
  EXPECT_EQ(answer.present[1], -HUGE_VALF);
  EXPECT_EQ(answer.present[2], -HUGE_VALF);
  EXPECT_NEAR(answer.listed[0], logit_of(x, 0, head, 30), 1e-4);
  EXPECT_EQ(answer.listed[1], -HUGE_VALF);
  EXPECT_NEAR(answer.listed[2], logit_of(x, 2, head, 59), 1e-4);
  EXPECT_NEAR(answer.listed[3], logit_of(x, 2, head, 0), 1e-4);
  EXPECT_EQ(answer.listed[4], answer.listed[3]);
}

TEST_P(LmHeadTest, APartWhereNothingMayBeChosenHasNoToken) {
  const Matrix x = random_matrix(2, 12, 1), head = random_matrix(4, 12, 2);
  const auto packed = backend_->pack_matrix({{head.host()}}, DType::kF32, ShareOffsets{{0, 12}, 1});
  const Query query{.never_chosen = {{10, 11, 12, 13}}, .not_in_confidence = {{10, 11, 12, 13}}};
  const Answer answer = run(*backend_, x, *packed, local_shares(4, 0, 1), 10, query);
  EXPECT_EQ(answer.stats[0].token, -1);
  EXPECT_EQ(answer.stats[0].logit, -HUGE_VALF);
  EXPECT_EQ(answer.stats[0].runner_up, -1);
  EXPECT_EQ(answer.stats[0].sum_exp, 0.0f);
  const Query far{.choosable_end = 5};
  EXPECT_EQ(run(*backend_, x, *packed, local_shares(4, 0, 1), 10, far).stats[0].token, -1);
}

TEST_P(LmHeadTest, WhatIsNotANumberShowsInTheConfidence) {
  Matrix x = random_matrix(1, 12, 1);
  x.at(0, 4) = std::nanf("");
  const Matrix head = random_matrix(40, 12, 2);
  const auto packed =
      backend_->pack_matrix({{head.host()}}, DType::kBF16, ShareOffsets{{0, 12}, 1});
  const Answer answer = run(*backend_, x, *packed, local_shares(40, 0, 1), 0, {});
  EXPECT_TRUE(std::isnan(answer.stats[0].sum_exp));
}

}  // namespace
}  // namespace unmask::kernels
