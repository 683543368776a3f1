/// Every strategy with every cache policy on real models: a job gives the bytes of the job alone,
/// whatever runs beside it and however many workers there are.

#include <gmock/gmock.h>

#include <memory>
#include <optional>

#include "model/diffusion/alternatives.h"
#include "model/diffusion/loop.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"

namespace unmask::diffusion {
namespace {

using golden::WorkerGroup;

struct Model {
  const char* name;
  Vocabulary vocabulary;
};

constexpr Model kFull{"moe_gqa", {.mask_id = 519, .eos_id = 517, .choosable_end = 519}};
constexpr Model kBlockCausal{
    "llada2-a", {.mask_id = 511, .eos_id = 509, .choosable_end = 511, .is_block_causal = true}};

/// Two jobs of one strategy and cache policy that differ in length.
std::vector<DiffusionLoop> loops_of(const DiffusionParams& params, const Vocabulary& vocabulary) {
  std::vector<DiffusionLoop> loops;
  for (const std::int32_t length : {9, 17}) {
    std::vector<std::int32_t> prompt;
    for (std::int32_t i = 0; i < 5 + length % 4; ++i) prompt.push_back((i * 37 + length) % 500);
    loops.push_back(*DiffusionLoop::create(params, vocabulary,
                                           Canvas::of_prompt(prompt, length, vocabulary.mask_id)));
  }
  return loops;
}

/// Runs them side by side until all have ended; each one's candidates of every forward, in order.
/// `late`: so many steps before the last one begins.
std::vector<std::vector<CandidateColumns>> run_together(WorkerGroup& group,
                                                        std::vector<DiffusionLoop> loops,
                                                        int late) {
  static SequenceId next_sequence = 1;
  const SequenceId first = next_sequence;
  next_sequence += loops.size();
  std::vector<std::vector<CandidateColumns>> seen(loops.size());
  std::vector<SequenceId> closed;
  for (int turn = 0;; ++turn) {
    Step step;
    std::vector<std::size_t> who;
    bool is_waiting = false;
    for (std::size_t i = 0; i < loops.size(); ++i) {
      is_waiting = is_waiting || (i + 1 == loops.size() && turn < late);
      if (i + 1 == loops.size() && turn < late) continue;
      std::optional<SequenceStep> next = loops[i].next();
      if (!next) continue;
      next->sequence = first + i;
      step.sequences.push_back(std::move(*next));
      who.push_back(i);
    }
    step.closed = std::exchange(closed, {});
    if (who.empty() && !is_waiting) {
      if (!step.closed.empty()) group.run(step);
      return seen;
    }
    if (who.empty()) continue;
    const StepResult result = group.run(step);
    for (std::size_t i = 0; i < who.size(); ++i) {
      const CandidateColumns& columns = result.sequences[i].candidates;
      seen[who[i]].push_back(columns);
      golden::must(loops[who[i]].apply(columns));
      if (loops[who[i]].has_ended()) closed.push_back(first + who[i]);
    }
  }
}

/// Parameters that have nothing to say against each other.
std::vector<DiffusionParams> combinations(bool is_block_causal) {
  std::vector<DiffusionParams> all;
  for_each_alternative<Strategy>([&](const auto& strategy) {
    for_each_alternative<CachePolicy>([&](const auto& cache) {
      DiffusionParams params{.block_length = 8, .strategy = strategy, .cache = cache};
      const auto add = [&](const DiffusionParams& other) {
        const Model& model = is_block_causal ? kBlockCausal : kFull;
        if (DiffusionLoop::create(other, model.vocabulary,
                                  Canvas::of_prompt({}, 9, model.vocabulary.mask_id))) {
          all.push_back(other);
        }
      };
      add(params);
      DiffusionParams drawn = params, smoothed = params;
      drawn.temperature = 0.8f;
      drawn.top_p = 0.95f;
      add(drawn);
      smoothed.smoothing = Smoothing{};
      add(smoothed);
    });
  });
  return all;
}

class BatchesTest : public testing::TestWithParam<Model> {
 protected:
  WorkerGroup group(int num_ranks) const {
    return {golden::golden_dir() / "models" / GetParam().name, num_ranks};
  }
};

TEST_P(BatchesTest, EveryJobOfEveryStrategyAndCacheIsTheJobAlone) {
  WorkerGroup one = group(1), two = group(2);
  const Vocabulary& vocabulary = GetParam().vocabulary;
  const std::vector<DiffusionParams> all = combinations(vocabulary.is_block_causal);
  ASSERT_GE(all.size(), 20u);
  std::vector<std::vector<CandidateColumns>> alone;
  for (const DiffusionParams& params : all) {
    const std::vector<DiffusionLoop> loops = loops_of(params, vocabulary);
    for (const DiffusionLoop& loop : loops) {
      alone.push_back(run_together(one, {loop}, 0).front());
    }
    const auto together = run_together(two, loops, 3);
    for (std::size_t i = 0; i < loops.size(); ++i) {
      EXPECT_EQ(together[i], alone[alone.size() - loops.size() + i])
          << name_of(params.strategy) << " with " << (params.smoothing ? "smoothing, " : "")
          << "temperature " << params.temperature << ", cache "
          << std::visit([](const auto& cache) { return cache.kName; }, *params.cache);
    }
  }
  // Different strategies beside each other, too: what some compute no other may touch.
  std::vector<DiffusionLoop> mixed;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < all.size(); i += all.size() / 7) {
    mixed.push_back(loops_of(all[i], vocabulary).front());
    which.push_back(2 * i);
  }
  const auto seen = run_together(one, mixed, 2);
  for (std::size_t i = 0; i < mixed.size(); ++i) EXPECT_EQ(seen[i], alone[which[i]]);
}

INSTANTIATE_TEST_SUITE_P(, BatchesTest, testing::Values(kFull, kBlockCausal),
                         [](const auto& model) {
                           std::string name = model.param.name;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace unmask::diffusion
