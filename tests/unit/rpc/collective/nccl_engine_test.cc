#include "model/network/engine.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"
#include "tests/unit/model/network/steps.h"
#include "tests/unit/rpc/collective/nccl_ranks.h"

namespace unmask::rpc {
namespace {

using golden::must;
using network::Engine;
using namespace std::chrono_literals;

kernels::DeviceSpec emulated_gpu(int index) {
  return {.kind = kernels::DeviceKind::kCuda, .index = index};
}

/// The workers of a replica, each on an emulated GPU of its own.
class GpuWorkers : public NcclRanks {
 public:
  explicit GpuWorkers(int num_ranks, network::Numerics numerics = network::Numerics::kExact)
      : checkpoint_(must(checkpoint::Checkpoint::open(golden::golden_dir() / "models/moe_gqa"))) {
    for (int rank = 0; rank < num_ranks; ++rank) {
      network::EngineOptions options;
      options.placement = {.rank = rank, .num_ranks = num_ranks, .numerics = numerics};
      options.max_rows = 64;
      options.num_kv_pages = 8;
      backends_.push_back(must(kernels::make_backend(emulated_gpu(rank))));
      engines_.push_back(must(Engine::create(checkpoint_, *backends_.back(), options)));
    }
  }

  void join(std::chrono::milliseconds timeout = kLong) {
    for (const auto& engine : engines_) must(engine->join(nullptr));
    start(int(engines_.size()), timeout);
    for (std::size_t rank = 0; rank < engines_.size(); ++rank) {
      must(engines_[rank]->join(group[rank].get()));
    }
  }
  std::vector<Result<StepResult>> run(const Step& step) {
    std::vector<Result<StepResult>> results(engines_.size(), Error{});
    on_all([&](int rank) { results[std::size_t(rank)] = engines_[std::size_t(rank)]->run(step); });
    return results;
  }

 private:
  const checkpoint::Checkpoint checkpoint_;
  std::vector<std::unique_ptr<kernels::Backend>> backends_;
  std::vector<std::unique_ptr<Engine>> engines_;
};

/// A refresh, and a window over its cache with all columns that ranks have to put together.
std::vector<Step> steps_of_a_block() {
  const network::Tokens canvas = {5, 17, 300, 8, 1, 44, 519, 2, 9, 260, 33, 4};
  std::vector<Step> steps = {network::step_of({network::full(1, canvas, {4, 8}, true)}),
                             network::step_of({network::cached(1, canvas, {4, 8}, {4, 8})})};
  SequenceStep& cached = steps[1].sequences[0];
  cached.statistics = kEntropy | kRunnerUp | kPresentLogit;
  cached.present = {0, 519, 260, 1};
  cached.listed = {.offsets = {0, 3, 3, 4, 4}, .tokens = {0, 260, 519, 7}, .credits = {}};
  return steps;
}

TEST(NcclEngineTest, AllGpusGiveTheBytesOfOne) {
  const std::vector<Step> steps = steps_of_a_block();
  golden::WorkerGroup alone(golden::golden_dir() / "models/moe_gqa", 1, {}, emulated_gpu(0));
  std::vector<StepResult> expected;
  for (const Step& step : steps) expected.push_back(alone.run(step));
  for (const int num_ranks : {2, 4}) {
    GpuWorkers workers(num_ranks);
    workers.join();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      for (const Result<StepResult>& result : workers.run(steps[i])) {
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(result->digest, expected[i].digest) << num_ranks << " GPUs, step " << i;
        EXPECT_EQ(result->sequences[0].candidates, expected[i].sequences[0].candidates);
      }
    }
  }
}

TEST(NcclEngineTest, RecordedStepsSumAnewEveryTime) {
  const std::vector<Step> steps = steps_of_a_block();
  GpuWorkers workers(2);
  workers.join();
  std::vector<std::uint64_t> digests;
  for (int round = 0; round < 4; ++round) {  // as they are, recorded, replayed, replayed
    for (std::size_t i = 0; i < steps.size(); ++i) {
      for (const Result<StepResult>& result : workers.run(steps[i])) {
        ASSERT_TRUE(result) << result.error().message;
        if (digests.size() <= i) digests.push_back(result->digest);
        EXPECT_EQ(result->digest, digests[i]) << "round " << round << ", step " << i;
      }
    }
  }
}

TEST(NcclEngineTest, FastNumericsChooseTheSameTokens) {
  const std::vector<Step> steps = steps_of_a_block();
  golden::WorkerGroup alone(golden::golden_dir() / "models/moe_gqa", 1, {}, emulated_gpu(0));
  GpuWorkers workers(3, network::Numerics::kFast);
  workers.join();
  for (const Step& step : steps) {
    const StepResult expected = alone.run(step);
    for (const Result<StepResult>& result : workers.run(step)) {
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ(result->sequences[0].candidates.token, expected.sequences[0].candidates.token);
    }
  }
}

TEST(NcclEngineTest, AStepWhoseRankVanishesFailsAndANewGroupWorks) {
  const Step step = steps_of_a_block()[0];
  GpuWorkers workers(2);
  workers.join();
  const StepResult expected = must(workers.run(step)[0]);
  workers.set_fault("UNMASK_EMULATED_NCCL_VANISH", "1:2");
  workers.join(1s);
  for (const Result<StepResult>& result : workers.run(step)) {
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().code,
                testing::AnyOf(ErrorCode::kDeadlineExceeded, ErrorCode::kUnavailable));
  }
  workers.mend("UNMASK_EMULATED_NCCL_VANISH");
  workers.join();
  for (const Result<StepResult>& result : workers.run(step)) {
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->digest, expected.digest);
  }
}

}  // namespace
}  // namespace unmask::rpc
