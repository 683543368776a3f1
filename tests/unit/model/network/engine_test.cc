#include "model/network/engine.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <random>

#include "tests/golden/golden_files.h"
#include "tests/golden/reference_engine.h"
#include "tests/golden/worker_group.h"
#include "tests/unit/model/network/steps.h"

namespace unmask::network {
namespace {

using golden::must;
using golden::WorkerGroup;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int kVocabSize = 520;  // of moe_gqa

std::filesystem::path model(const std::string& name) {
  return golden::golden_dir() / "models" / name;
}

class EngineTest : public testing::Test {
 protected:
  Tokens random_canvas(int num_positions) {
    Tokens tokens;
    for (int i = 0; i < num_positions; ++i) tokens.push_back(below(kVocabSize));
    return tokens;
  }
  std::int32_t below(int end) { return std::int32_t(random_() % std::uint32_t(end)); }
  Range random_range(int end) {
    const std::int32_t begin = below(end);
    return {begin, begin + 1 + below(end - begin)};
  }

  std::mt19937 random_{11};
  WorkerGroup group_{model("moe_gqa"), 1};
};

TEST_F(EngineTest, ARowIsTheSameBytesAloneAndInAnyBatch) {
  WorkerGroup alone(model("moe_gqa"), 1);
  std::vector<Tokens> canvases;
  for (const int length : {1, 7, 16, 33, 50}) canvases.push_back(random_canvas(length));
  // What each phase gives when its sequence is the only one.
  std::vector<std::pair<SequenceStep, CandidateColumns>> phases;
  for (std::size_t i = 0; i < canvases.size(); ++i) {
    const int length = int(canvases[i].size());
    const Range block = random_range(length);
    const SequenceStep refresh = full(i, canvases[i], block, true);
    Tokens edited = canvases[i];
    edited[std::size_t(block.begin)] = below(kVocabSize);
    for (const SequenceStep& step :
         {refresh, cached(i, edited, block, block), cached(i, edited, {block.begin, length}, block),
          full(i, edited, block)}) {
      phases.emplace_back(step, alone.run(step_of({step})).sequences[0].candidates);
    }
  }
  Step refreshes;
  for (std::size_t i = 0; i < phases.size(); i += 4) {
    refreshes.sequences.push_back(phases[i].first);
  }
  group_.run(refreshes);
  for (int turn = 0; turn < 60; ++turn) {
    std::vector<std::size_t> order = {0, 1, 2, 3, 4};
    std::ranges::shuffle(order, random_);
    order.resize(std::size_t(1 + below(5)));
    std::vector<std::size_t> chosen;
    Step step;
    for (const std::size_t i : order) {
      chosen.push_back(4 * i + std::size_t(below(4)));
      step.sequences.push_back(phases[chosen.back()].first);
    }
    const StepResult result = group_.run(step);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      ASSERT_EQ(result.sequences[i].candidates, phases[chosen[i]].second) << "turn " << turn;
    }
  }
}

TEST_F(EngineTest, SoftRowsAndGuidanceAreTheSameBytesAloneAndInAnyBatch) {
  const Tokens a = random_canvas(30), b = random_canvas(21), c = random_canvas(26);
  SequenceStep mixing = full(1, a, {4, 12});
  mix_all(mixing);
  SequenceStep soft = full(1, a, {4, 12});
  std::fill(soft.inputs.begin() + 5, soft.inputs.end(), kSoftRow);
  mix_all(soft, 0.3f);
  SequenceStep guided = full(2, b, {3, 9});
  guided.rules.cfg_scale = 1.5f;
  guided.guidance_inputs = random_canvas(21);
  const SequenceStep plain = full(3, c, {0, 26});

  std::vector<CandidateColumns> alone;
  for (const SequenceStep& step : {mixing, soft, guided, plain}) {
    alone.push_back(group_.run(step_of({step})).sequences[0].candidates);
  }
  EXPECT_NE(alone[0], alone[1]);
  EXPECT_NE(alone[2], group_.run(step_of({full(2, b, {3, 9})})).sequences[0].candidates);
  const StepResult first = group_.run(step_of({guided, mixing, plain}, {1}));
  const StepResult second = group_.run(step_of({plain, soft, guided}));
  EXPECT_EQ(first.sequences[0].candidates, alone[2]);
  EXPECT_EQ(first.sequences[1].candidates, alone[0]);
  EXPECT_EQ(first.sequences[2].candidates, alone[3]);
  EXPECT_EQ(second.sequences[0].candidates, alone[3]);
  EXPECT_EQ(second.sequences[1].candidates, alone[1]);
  EXPECT_EQ(second.sequences[2].candidates, alone[2]);
}

TEST_F(EngineTest, ACacheOfTheSameTokensGivesTheBytesOfAFullForward) {
  const Tokens canvas = random_canvas(40);
  const Range block{16, 24};
  const auto expected = group_.run(step_of({full(1, canvas, block, true)})).sequences[0].candidates;
  EXPECT_EQ(group_.run(step_of({cached(1, canvas, block, block)})).sequences[0].candidates,
            expected);
  EXPECT_EQ(group_.run(step_of({cached(1, canvas, {16, 40}, block)})).sequences[0].candidates,
            expected);
}

TEST_F(EngineTest, ACachedStepReplacesKeysAndValuesOnlyForItself) {
  const Tokens canvas = random_canvas(40);
  Tokens edited = canvas;
  for (int i = 16; i < 24; ++i) edited[std::size_t(i)] = (edited[std::size_t(i)] + 1) % kVocabSize;
  const Range all{0, 40};
  const auto expected = group_.run(step_of({full(1, canvas, all, true)})).sequences[0].candidates;
  group_.run(step_of({cached(1, edited, {16, 24}, {16, 24})}));
  // Only position 39 is fresh; it sees the block as it was at the refresh.
  const auto row = group_.run(step_of({cached(1, canvas, {39, 40}, {39, 40})}));
  EXPECT_EQ(row.sequences[0].candidates.logit[0], expected.logit[39]);
  EXPECT_EQ(row.sequences[0].candidates.log_sum_exp[0], expected.log_sum_exp[39]);
}

TEST_F(EngineTest, WithBlockCausalAttentionACacheIsExact) {
  const Tokens canvas = random_canvas(37);
  SequenceStep whole = full(1, canvas, {32, 37});
  whole.window.causal_block_length = 8;
  const auto expected = group_.run(step_of({whole})).sequences[0].candidates;
  SequenceStep prefill = windowed(
      2, canvas,
      {.computed = {{0, 32}}, .visible = {}, .written = {{0, 32}}, .decoded = {}, .mixed = {}});
  prefill.window.causal_block_length = 8;
  EXPECT_TRUE(group_.run(step_of({prefill})).sequences[0].candidates.position.empty());
  SequenceStep last = windowed(2, canvas,
                               {.computed = {{32, 37}},
                                .visible = {{0, 32}},
                                .written = {},
                                .decoded = {{32, 37}},
                                .mixed = {}});
  last.window.causal_block_length = 8;
  EXPECT_EQ(group_.run(step_of({last})).sequences[0].candidates, expected);
}

TEST_F(EngineTest, CachedWindowsAreThoseOfAPlainForwardInDoubles) {
  const checkpoint::Checkpoint checkpoint = must(checkpoint::Checkpoint::open(model("moe_gqa")));
  golden::ReferenceEngine reference(checkpoint);
  const Tokens canvas = random_canvas(29);
  Tokens edited = canvas;
  for (const int i : {8, 11, 20}) edited[std::size_t(i)] = below(kVocabSize);
  for (const SequenceStep& sequence :
       {full(1, canvas, {8, 16}, true), cached(1, edited, {8, 16}, {8, 16}),
        cached(1, edited, {8, 29}, {8, 16}), cached(1, edited, {4, 20}, {8, 16}),
        full(1, edited, {0, 29})}) {
    const auto ours = group_.run(step_of({sequence})).sequences[0].candidates;
    const auto theirs = must(reference.run(step_of({sequence}))).sequences[0].candidates;
    ASSERT_EQ(ours.position, theirs.position);
    EXPECT_EQ(ours.token, theirs.token);
    for (std::size_t i = 0; i < ours.logit.size(); ++i) {
      EXPECT_NEAR(ours.logit[i], theirs.logit[i], 1e-3f);
      EXPECT_NEAR(ours.log_sum_exp[i], theirs.log_sum_exp[i], 1e-3f);
    }
  }
}

TEST_F(EngineTest, AllRanksGiveTheBytesOfOneWorker) {
  const Tokens first = random_canvas(40), second = random_canvas(9);
  std::vector<Step> steps = {
      step_of({full(1, first, {16, 24}, true), full(2, second, {0, 9})}),
      step_of({cached(1, first, {16, 24}, {16, 24})}, {2}),
      step_of({cached(1, first, {16, 40}, {16, 24}), full(3, second, {3, 5}, true)})};
  steps[0].sequences[0].statistics = kEntropy | kRunnerUp;
  steps[2].sequences[0].listed = {
      .offsets = {0, 3, 3, 4, 4, 4, 4, 4, 4}, .tokens = {0, 260, 519, 7}, .credits = {}};
  steps[2].sequences[0].statistics = kPresentLogit;
  steps[2].sequences[0].present = {-1, 0, 519, 260, 1, 2, 3, -1};
  std::vector<StepResult> expected;
  for (const Step& step : steps) expected.push_back(group_.run(step));
  for (const int num_ranks : {2, 4, 8}) {
    WorkerGroup group(model("moe_gqa"), num_ranks);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      for (const Result<StepResult>& result : group.run_all(steps[i])) {
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(result->digest, expected[i].digest) << num_ranks << " workers, step " << i;
        ASSERT_EQ(result->sequences.size(), expected[i].sequences.size());
        for (std::size_t s = 0; s < result->sequences.size(); ++s) {
          EXPECT_EQ(result->sequences[s].candidates, expected[i].sequences[s].candidates);
        }
      }
    }
  }
}

/// Tokens are drawn for more rows than have their logits in memory at once.
TEST_F(EngineTest, DrawnTokensAreTheSameAloneInAnyBatchAndOnAllRanks) {
  const Tokens a = random_canvas(50), b = random_canvas(20);
  SequenceStep drawn = full(1, a, {4, 48}), filtered = full(2, b, {0, 20});
  drawn.rules.temperature = 0.7f;
  drawn.rules.never_chosen = {3, 7};
  filtered.rules.temperature = 1.5f;
  filtered.rules.top_k = 40;
  filtered.rules.top_p = 0.9f;
  filtered.rules.seed = 5;
  filtered.rules.block = 2;
  SequenceStep plain = full(3, b, {0, 20});
  plain.statistics = kRunnerUp | kPresentLogit;
  plain.present.assign(20, 17);
  plain.listed = {.offsets = std::vector<std::int32_t>(21), .tokens = {8, 9, 519}, .credits = {}};
  std::fill(plain.listed.offsets.begin() + 9, plain.listed.offsets.end(), 3);
  const Step together = step_of({plain, drawn, filtered});
  const StepResult result = group_.run(together);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(group_.run(step_of({together.sequences[i]})).sequences[0].candidates,
              result.sequences[i].candidates);
  }
  SequenceStep argmax = filtered;
  argmax.rules = {};
  const auto of_argmax = group_.run(step_of({argmax})).sequences[0].candidates;
  EXPECT_NE(result.sequences[2].candidates.token, of_argmax.token);
  EXPECT_EQ(result.sequences[2].candidates.log_sum_exp, of_argmax.log_sum_exp);
  for (const int num_ranks : {2, 4}) {
    WorkerGroup group(model("moe_gqa"), num_ranks);
    for (const Result<StepResult>& of_rank : group.run_all(together)) {
      ASSERT_TRUE(of_rank) << of_rank.error().message;
      EXPECT_EQ(of_rank->digest, result.digest) << num_ranks << " workers";
    }
  }
}

TEST_F(EngineTest, ColumnsAreWhatTheLogitsSay) {
  const Tokens canvas = random_canvas(20);
  const auto tensors = must(forward_full(group_.engine(), canvas, 0, false));
  ASSERT_EQ(tensors.size(), 1u);
  const std::int32_t row = 5;
  std::vector<double> logits;
  for (int v = 0; v < kVocabSize; ++v) {
    logits.push_back(std::bit_cast<float>(tensors[0].data[std::size_t(row * kVocabSize + v)]));
  }
  std::vector<std::int32_t> order;
  for (int v = 0; v < kVocabSize; ++v) order.push_back(v);
  std::ranges::sort(order,
                    [&](int a, int b) { return logits[std::size_t(a)] > logits[std::size_t(b)]; });

  SequenceStep sequence = full(1, canvas, {row, row + 1});
  sequence.statistics = kEntropy | kRunnerUp | kPresentLogit;
  sequence.present = {17};
  sequence.listed = {.offsets = {0, 2}, .tokens = {3, 519}, .credits = {}};
  sequence.rules.never_chosen = {order[0]};
  sequence.rules.not_in_confidence = {order[1]};
  std::ranges::sort(sequence.rules.never_chosen);
  double sum = 0, entropy = 0;
  for (int v = 0; v < kVocabSize; ++v) {
    if (v != order[1]) sum += std::exp(logits[std::size_t(v)]);
  }
  for (int v = 0; v < kVocabSize; ++v) {
    const double p = std::exp(logits[std::size_t(v)]) / sum;
    if (v != order[1]) entropy -= p * std::log(p);
  }
  const auto columns = group_.run(step_of({sequence})).sequences[0].candidates;
  const auto logit_of = [&](std::int32_t token) { return float(logits[std::size_t(token)]); };
  EXPECT_EQ(columns.token[0], order[1]);
  EXPECT_FLOAT_EQ(columns.logit[0], logit_of(order[1]));
  EXPECT_EQ(columns.runner_up[0], order[2]);
  EXPECT_FLOAT_EQ(columns.runner_up_logit[0], logit_of(order[2]));
  EXPECT_NEAR(columns.log_sum_exp[0], std::log(sum), 1e-4);
  EXPECT_NEAR(columns.entropy[0], entropy, 1e-3);
  EXPECT_FLOAT_EQ(columns.present_logit[0], logit_of(17));
  EXPECT_FLOAT_EQ(columns.listed_logit[0], logit_of(3));
  EXPECT_FLOAT_EQ(columns.listed_logit[1], logit_of(519));

  sequence.rules = {};
  sequence.rules.choosable_end = order[0];
  const auto cut = group_.run(step_of({sequence})).sequences[0].candidates;
  EXPECT_LT(cut.token[0], order[0]);
}

TEST_F(EngineTest, AStepOfClosedSequencesFreesTheirPages) {
  const int num_free = group_.engine().pages().num_free_pages();
  group_.run(step_of({full(1, random_canvas(40), {0, 1}, true)}));
  EXPECT_EQ(group_.engine().pages().num_free_pages(), num_free - 3);
  const StepResult result = group_.run(step_of({}, {1, 1, 99}));
  EXPECT_TRUE(result.sequences.empty());
  EXPECT_EQ(group_.engine().pages().num_free_pages(), num_free);
}

TEST_F(EngineTest, WeightsInBf16AreNear) {
  EngineOptions options;
  options.dtype = kernels::DType::kBF16;
  WorkerGroup rounded(model("moe_mha"), 1, options);
  WorkerGroup exact(model("moe_mha"), 1);
  const Tokens canvas = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto a = rounded.run(step_of({full(1, canvas, {0, 8})})).sequences[0].candidates;
  const auto b = exact.run(step_of({full(1, canvas, {0, 8})})).sequences[0].candidates;
  for (std::size_t i = 0; i < a.log_sum_exp.size(); ++i) {
    EXPECT_NEAR(a.log_sum_exp[i], b.log_sum_exp[i], 0.5f);
    EXPECT_NE(a.log_sum_exp[i], b.log_sum_exp[i]);
  }
}

TEST_F(EngineTest, ThreeWorkersShareAModelOnlyUnderFastNumerics) {
  EngineOptions options;
  options.placement = {.rank = 0, .num_ranks = 3, .numerics = Numerics::kExact};
  const checkpoint::Checkpoint checkpoint = must(checkpoint::Checkpoint::open(model("moe_gqa")));
  const auto backend = must(kernels::make_backend(device_spec_of_tests()));
  const auto refused = Engine::create(checkpoint, *backend, options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("--set numerics=fast"));

  options.placement.numerics = Numerics::kFast;
  WorkerGroup group(model("moe_gqa"), 3, options);
  const Step step = step_of({full(1, random_canvas(30), {0, 30})});
  const auto ours = group.run(step).sequences[0].candidates;
  const auto expected = group_.run(step).sequences[0].candidates;
  EXPECT_EQ(ours.token, expected.token);
  for (std::size_t i = 0; i < ours.logit.size(); ++i) {
    EXPECT_NEAR(ours.log_sum_exp[i], expected.log_sum_exp[i], 1e-3f);
  }
}

TEST_F(EngineTest, ASequenceThatIsRefusedLeavesTheOthersAlone) {
  const Tokens canvas = random_canvas(40);
  const Step alone = step_of({full(1, canvas, {0, 8}, true)});
  const auto expected = group_.run(alone).sequences[0].candidates;
  SequenceStep wrong = full(2, canvas, {0, 8}, true);
  wrong.rules.never_chosen = {2'000'000'000};
  SequenceStep unseen = cached(3, canvas, {8, 16}, {8, 16});
  const StepResult result = group_.run(step_of({wrong, full(4, canvas, {0, 8}, true), unseen}));
  ASSERT_THAT(result.sequences, SizeIs(3));
  ASSERT_TRUE(result.sequences[0].refusal);
  EXPECT_THAT(result.sequences[0].refusal->message, HasSubstr("never chosen token 2000000000"));
  EXPECT_EQ(result.sequences[1].candidates, expected);
  ASSERT_TRUE(result.sequences[2].refusal);
  EXPECT_THAT(result.sequences[2].refusal->message, HasSubstr("never written"));
}

TEST_F(EngineTest, AGroupThatLostARankFailsAndANewOneWorks) {
  WorkerGroup group(model("moe_gqa"), 2);
  const Tokens canvas = random_canvas(12);
  const Step step = step_of({full(1, canvas, {0, 12}, true)});
  {
    auto broken = rpc::make_in_process_collectives(2);
    must(group.engine(0).join(broken[0].get()));
    broken[1].reset();
    const auto result = group.engine(0).run(step);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    must(group.engine(0).join(nullptr));
    EXPECT_FALSE(group.engine(0).run(step));
  }
  group.regroup();
  EXPECT_EQ(group.run(step).digest, group_.run(step).digest);
  const auto other = rpc::make_in_process_collectives(3);
  EXPECT_FALSE(group.engine(0).join(other[0].get()));
}

/// Takes every operation, as a GPU's does, and says only to who waits that a rank is gone.
class LateCollective final : public Collective {
 public:
  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return 2; }
  Result<> all_gather(const void*, void*, std::size_t, kernels::Stream) override { return {}; }
  Result<> all_reduce_sum(float*, std::size_t, kernels::Stream) override { return {}; }
  Result<> wait(kernels::Stream) override {
    return Error{ErrorCode::kDeadlineExceeded, "a rank is late"};
  }
  void abort() override {}
};

TEST_F(EngineTest, WhatTheGroupSaysOnlyToWhoWaitsFailsTheStep) {
  WorkerGroup group(model("moe_gqa"), 2);
  LateCollective late;
  must(group.engine(0).join(&late));
  const Tokens canvas = random_canvas(12);
  for (const Range decoded : {Range{0, 12}, Range{0, 0}}) {
    SequenceStep sequence = full(1, canvas, decoded, true);
    if (decoded.size() == 0) sequence.window.decoded.clear();
    const auto result = group.engine(0).run(step_of({sequence}));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kDeadlineExceeded);
  }
  EXPECT_FALSE(forward_full(group.engine(0), canvas, 0, true));
}

TEST_F(EngineTest, LoadingReportsItsProgressAndTheMemoryItPlanned) {
  EngineOptions options;
  std::uint64_t last = 0, total = 0;
  options.on_progress = [&](std::uint64_t done, std::uint64_t of) {
    EXPECT_GE(done, last);
    last = done;
    total = of;
  };
  WorkerGroup group(model("moe_gqa"), 1, options);
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, group.engine().memory().weight_bytes);
  EXPECT_EQ(group.engine().memory().num_canvases(33), 64 / 3);
  EXPECT_EQ(group.engine().limits().vocab_size, kVocabSize);
}

}  // namespace
}  // namespace unmask::network
