/// What does not fit together is refused before a device sees it, by every device alike.

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using ChecksTest = BackendTest;
UNMASK_ON_ALL_DEVICES(ChecksTest);

Tensor f32(int rows, int cols) { return {nullptr, DType::kF32, rows, cols}; }
Tensor bf16(int rows, int cols) { return {nullptr, DType::kBF16, rows, cols}; }

/// Runs `op` after `change` of it, which has to end the program.
template <class Op, class Change>
void expect_refused(Backend& backend, Op op, const Change& change) {
  change(op);
  EXPECT_DEATH(backend.run(op), "check failed");
}

TEST_P(ChecksTest, EmbedRefusesRowsOfAnotherWidth) {
  const Embed op{.table = f32(9, 8), .soft_rows = f32(1, 8), .out = f32(0, 8)};
  backend_->run(op);
  expect_refused(*backend_, op, [](Embed& o) { o.out.cols = 7; });
  expect_refused(*backend_, op, [](Embed& o) { o.soft_rows.cols = 7; });
  expect_refused(*backend_, op, [](Embed& o) { o.soft_rows.dtype = DType::kBF16; });
  expect_refused(*backend_, op, [](Embed& o) { o.table.dtype = DType::kF16; });
}

TEST_P(ChecksTest, GatherRefusesRowsOfAnotherWidth) {
  const GatherRows op{.x = f32(9, 8), .out = f32(0, 8)};
  backend_->run(op);
  expect_refused(*backend_, op, [](GatherRows& o) { o.out.cols = 7; });
}

TEST_P(ChecksTest, RmsNormRefusesAnotherShape) {
  const RmsNorm op{.x = f32(0, 8), .out = f32(0, 8)};
  backend_->run(op);
  expect_refused(*backend_, op, [](RmsNorm& o) { o.out.rows = 1; });
  expect_refused(*backend_, op, [](RmsNorm& o) { o.out.cols = 9; });
}

TEST_P(ChecksTest, LinearRefusesWhatDoesNotFitItsWeights) {
  const Matrix weight(3, 8);
  const auto packed = backend_->pack_matrix({{weight.host()}}, DType::kF32, local_shares(8, 0, 1));
  const auto run = [&](const Tensor& x, const Tensor& out) {
    backend_->run(Linear{.x = x, .weight = *packed, .out = out});
  };
  run(f32(0, 8), f32(0, 3));
  EXPECT_DEATH(run(f32(0, 7), f32(0, 3)), "check failed");
  EXPECT_DEATH(run(f32(0, 8), f32(0, 4)), "check failed");
  EXPECT_DEATH(run(f32(0, 8), f32(1, 3)), "check failed");
}

TEST_P(ChecksTest, HeadsAndTheirCacheMustFit) {
  const HeadShape heads{2, 1, 8};
  const QkNormRopeKvWrite write{.qkv = f32(0, 32),
                                .heads = heads,
                                .rope = {nullptr, nullptr, 8},
                                .kv = {f32(4, 8), f32(4, 8)}};
  backend_->run(write);
  using Write = QkNormRopeKvWrite;
  expect_refused(*backend_, write, [](Write& o) { o.qkv.cols = 24; });
  expect_refused(*backend_, write, [](Write& o) { o.kv.keys.cols = 16; });
  expect_refused(*backend_, write, [](Write& o) { o.kv.values.rows = 3; });
  expect_refused(*backend_, write, [](Write& o) { o.kv.values.dtype = DType::kBF16; });
  expect_refused(*backend_, write, [](Write& o) { o.rope.rotary_dim = 10; });
  expect_refused(*backend_, write, [](Write& o) { o.rope.rotary_dim = 3; });

  const Attention attention{.qkv = f32(0, 32),
                            .heads = heads,
                            .kv = {f32(4, 8), f32(4, 8)},
                            .plan = {},
                            .out = f32(0, 16)};
  backend_->run(attention);
  expect_refused(*backend_, attention, [](Attention& o) { o.out.cols = 32; });
  expect_refused(*backend_, attention, [](Attention& o) { o.kv.keys.cols = 16; });
  expect_refused(*backend_, attention, [](Attention& o) { o.qkv = bf16(0, 32); });
  expect_refused(*backend_, attention, [](Attention& o) {
    o.heads = {1, 1, Attention::kMaxHeadDim + 2};
    o.qkv = f32(0, o.heads.qkv_cols());
    o.kv = {f32(4, o.heads.kv_cols()), f32(4, o.heads.kv_cols())};
    o.out = f32(0, o.heads.q_cols());
  });
}

TEST_P(ChecksTest, MoreExpertsThanThereAreCannotBeChosen) {
  const RouteTopk op{
      .x = f32(0, 8), .num_experts = 8, .routing = {.top_k = 4, .num_groups = 4, .top_groups = 2}};
  backend_->run(op);
  expect_refused(*backend_, op, [](RouteTopk& o) { o.routing.top_k = 5; });
  expect_refused(*backend_, op, [](RouteTopk& o) { o.routing.top_k = 0; });
  expect_refused(*backend_, op, [](RouteTopk& o) { o.routing.num_groups = 3; });
  expect_refused(*backend_, op, [](RouteTopk& o) { o.routing.top_groups = 5; });
  expect_refused(*backend_, op, [](RouteTopk& o) { o.num_experts = 2 * o.kMaxExperts; });
}

TEST_P(ChecksTest, ExpertsRefuseRowsOfAnotherWidth) {
  const Matrix matrix(8, 8);
  const ExpertMatrices expert{matrix.host(), matrix.host(), matrix.host()};
  const auto packed = backend_->pack_experts({{expert}}, DType::kF32, ShareOffsets{{0, 1}, 1});
  const auto run = [&](const Tensor& x, const Tensor& out, int top_k) {
    backend_->run(Experts{.x = x, .experts = *packed, .top_k = top_k, .out = out});
  };
  run(f32(0, 8), f32(0, 8), 1);
  EXPECT_DEATH(run(f32(0, 7), f32(0, 7), 1), "check failed");
  EXPECT_DEATH(run(f32(0, 8), f32(1, 8), 1), "check failed");
  EXPECT_DEATH(run(f32(0, 8), f32(0, 8), Experts::kMaxTopK + 1), "check failed");
}

TEST_P(ChecksTest, TreesHaveAPowerOfTwoOfParts) {
  for (const int num_parts : {1, 2, 4, 8}) {
    backend_->run(TreeAdd{.x = f32(0, 8), .num_parts = num_parts});
  }
  for (const int num_parts : {0, 3, 16}) {
    EXPECT_DEATH(backend_->run(TreeAdd{.x = f32(0, 8), .num_parts = num_parts}), "check failed");
  }
}

TEST_P(ChecksTest, CandidatesAreMergedOfAtMostSixtyFourParts) {
  for (const int num_parts : {1, 3, 64}) backend_->run(MergeCandidates{.num_parts = num_parts});
  for (const int num_parts : {0, 65}) {
    EXPECT_DEATH(backend_->run(MergeCandidates{.num_parts = num_parts}), "check failed");
  }
}

TEST_P(ChecksTest, TheVocabularyIsThatOfTheHead) {
  const Matrix weight(10, 8);
  const auto head = backend_->pack_matrix({{weight.host()}}, DType::kF32, ShareOffsets{{0, 8}, 1});
  const auto shared = backend_->pack_matrix({{weight.host()}}, DType::kF32, local_shares(8, 0, 1));
  const auto candidates = [&](int cols, int num_ids, const PackedMatrix& matrix) {
    backend_->run(LmHeadCandidates{
        .x = f32(0, cols), .head = matrix, .vocab_shares = local_shares(num_ids, 0, 1)});
  };
  candidates(8, 10, *head);
  EXPECT_DEATH(candidates(7, 10, *head), "check failed");
  EXPECT_DEATH(candidates(8, 11, *head), "check failed");
  EXPECT_DEATH(candidates(8, 10, *shared), "check failed");

  GuideRows guide{.x = f32(0, 8), .guidance = f32(9, 8)};
  backend_->run(guide);
  guide.guidance.cols = 7;
  EXPECT_DEATH(backend_->run(guide), "check failed");

  ScatterRows scatter{.x = f32(0, 8), .out = f32(9, 8)};
  backend_->run(scatter);
  scatter.out.cols = 7;
  EXPECT_DEATH(backend_->run(scatter), "check failed");

  const auto mix = [&](const Tensor& table, const Tensor& out) {
    backend_->run(MixEmbeddings{.x = f32(0, 8),
                                .head = *head,
                                .table = table,
                                .vocab_shares = local_shares(10, 0, 1),
                                .out = out});
  };
  mix(bf16(10, 6), f32(0, 6));
  EXPECT_DEATH(mix(f32(9, 6), f32(0, 6)), "check failed");
  EXPECT_DEATH(mix(f32(10, 6), f32(0, 5)), "check failed");
  EXPECT_DEATH(mix(f32(10, 6), bf16(0, 6)), "check failed");
}

}  // namespace
}  // namespace unmask::kernels
