/// Replays the golden traces: every decision of the reference is made again.

#include <gmock/gmock.h>

#include <map>
#include <sstream>

#include "model/checkpoint/checkpoint.h"
#include "model/diffusion/trace_file.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/golden_trace.h"
#include "tests/golden/reference_engine.h"
#include "tests/golden/worker_group.h"

namespace unmask::diffusion {
namespace {

using golden::as_recorded;
using golden::expect_same_block_cache_use;
using golden::expect_same_cache_use;
using golden::Golden;
using golden::golden_dir;
using golden::golden_of;
using golden::model_of;

/// What refused_traces.txt says of each trace that is not reproduced yet.
std::map<std::string, std::string> refused_traces() {
  std::map<std::string, std::string> refused;
  std::istringstream lines(golden::read_text(source_dir() / "tests/golden/refused_traces.txt"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": ");
    if (!line.starts_with('#')) refused[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return refused;
}

/// All others, of models whose name begins with `prefix`.
std::vector<std::string> known_traces(std::string_view prefix = "") {
  const std::map<std::string, std::string> refused = refused_traces();
  std::vector<std::string> known;
  for (const std::string& file : golden::files_below(golden_dir() / "traces")) {
    if (file.starts_with(prefix) && !refused.contains(file)) known.push_back(file);
  }
  return known;
}

TEST(GoldenTraces, ThoseThatAreRefusedAreExactlyTheListedOnesForTheListedReasons) {
  std::map<std::string, std::string> refused = refused_traces();
  for (const std::string& file : golden::files_below(golden_dir() / "traces")) {
    const auto job = read_trace_job(golden::read_text(golden_dir() / "traces" / file), file);
    const auto listed = refused.extract(file);
    if (listed.empty()) {
      EXPECT_TRUE(job) << job.error().message;
    } else if (job) {
      ADD_FAILURE() << file << " is not refused any more: take it out of refused_traces.txt";
    } else {
      EXPECT_THAT(job.error().message, testing::HasSubstr(listed.mapped()));
    }
  }
  EXPECT_THAT(refused, testing::IsEmpty()) << "listed, but there is no such trace";
}

class GoldenTrace : public testing::TestWithParam<std::string> {
 protected:
  const Golden golden_ = golden_of(GetParam());
  const std::filesystem::path model_ = golden_dir() / "models" / model_of(GetParam());
};
/// The reference engine knows LLaDA-MoE.
using GoldenMoeTrace = GoldenTrace;

TEST_P(GoldenMoeTrace, IsReproducedByTheReferenceForward) {
  const checkpoint::Checkpoint checkpoint = golden::must(checkpoint::Checkpoint::open(model_));
  golden::ReferenceEngine engine(checkpoint);
  const auto trace = run_trace(golden_.job, 1, [&](const Step& step) { return engine.run(step); });
  ASSERT_TRUE(trace.has_value()) << trace.error().message;
  EXPECT_EQ(trace_diff(*trace, golden_.trace), std::nullopt);
  expect_same_cache_use(golden_.job, *trace, golden_.trace);

  const std::string written = write_trace(golden_.job, *trace);
  EXPECT_EQ(trace_diff(golden::must(read_trace(written, "written")), golden_.trace), std::nullopt);
  const TraceJob job_again = golden::must(read_trace_job(written, "written"));
  EXPECT_EQ(job_again.params, golden_.job.params);
  EXPECT_EQ(job_again.source, golden_.job.source);
}

TEST_P(GoldenTrace, IsReproducedByTheEngineToTheSameByteOnAnyNumberOfWorkers) {
  std::string alone;
  for (const int num_workers : {1, 2, 4}) {
    golden::WorkerGroup group(model_, num_workers);
    auto trace = run_trace(golden_.job, 1, [&](const Step& step) -> Result<StepResult> {
      return std::move(group.run_all(step).front());
    });
    ASSERT_TRUE(trace.has_value()) << trace.error().message;
    trace = as_recorded(GetParam(), golden_.job, std::move(*trace));
    EXPECT_EQ(trace_diff(*trace, golden_.trace), std::nullopt) << num_workers << " workers";
    // The traces of dense models do not say it, or say it in another way.
    if (GetParam().starts_with("moe_")) {
      expect_same_cache_use(golden_.job, *trace, golden_.trace);
    } else if (GetParam().starts_with("llada2-")) {
      expect_same_block_cache_use(*trace, golden_.trace);
    }
    const std::string written = write_trace(golden_.job, *trace);
    if (alone.empty()) alone = written;
    EXPECT_EQ(written, alone) << num_workers << " workers";
  }
}

/// A trace that runs beside others.
struct Running {
  Golden golden;
  DiffusionLoop loop;
  Trace trace;
};

Running start(const std::string& file) {
  Golden golden = golden_of(file);
  const DiffusionParams& params = golden.job.params;
  DiffusionLoop loop = golden::must(DiffusionLoop::create(
      params, golden.job.vocabulary(),
      Canvas::of_prompt(golden.job.prompt, params.gen_length, params.mask_id)));
  return {std::move(golden), std::move(loop), {}};
}

/// One forward for all that have not ended; sequence i is running[i].
Step next_step(const std::vector<Running>& running, std::uint64_t seq) {
  Step step;
  step.seq = seq;
  for (std::size_t i = 0; i < running.size() && i < seq; ++i) {  // one more joins at every step
    if (auto next = running[i].loop.next()) {
      next->sequence = i;
      step.sequences.push_back(std::move(*next));
    }
  }
  return step;
}

TEST(GoldenTraces, AreReproducedWhenSequencesJoinAndLeaveOneBatchAtEveryStep) {
  for (const std::string model : {"moe_mha", "moe_gqa", "moe_smooth", "moe_tied_renorm",
                                  "llada-mha", "llada-gqa", "llada2-a", "llada2-b"}) {
    std::vector<Running> running;
    for (const std::string& file : known_traces(model + "/")) running.push_back(start(file));
    ASSERT_GE(running.size(), 5u);
    network::EngineOptions options;
    options.max_rows = 8192;
    options.num_kv_pages = 512;
    golden::WorkerGroup group(golden_dir() / "models" / model, 2, options);
    std::size_t widest = 0;
    for (std::uint64_t seq = 1;; ++seq) {
      const Step step = next_step(running, seq);
      if (step.sequences.empty()) break;
      widest = std::max(widest, step.sequences.size());
      const StepResult result = group.run(step);
      ASSERT_EQ(result.sequences.size(), step.sequences.size());
      for (std::size_t i = 0; i < step.sequences.size(); ++i) {
        const SequenceStep& asked = step.sequences[i];
        Running& one = running[asked.sequence];
        const Range block = one.loop.state().block;
        const CandidateColumns& candidates = result.sequences[i].candidates;
        const Applied applied = golden::must(one.loop.apply(candidates));
        const CandidateColumns& decided_on = applied.adjusted ? *applied.adjusted : candidates;
        one.trace.iterations.push_back(trace_iteration(block, asked, decided_on, applied.edits,
                                                       applied.eos_fill, one.golden.job.params));
      }
    }
    EXPECT_GE(widest, 5u);
    for (Running& one : running) {
      one.trace.canvas = one.loop.canvas().tokens();
      one.trace.final_tokens = final_tokens(one.golden.job, one.trace.canvas);
      one.trace.forwards = one.loop.figures().forwards;
      const Trace recorded = as_recorded(model, one.golden.job, one.trace);
      EXPECT_EQ(trace_diff(recorded, one.golden.trace), std::nullopt) << one.golden.job.source;
    }
  }
}

/// Jobs of a block-causal model by `cache`, all of them in one batch, on `num_workers`.
std::vector<std::vector<std::int32_t>> answers(const std::string& model, CachePolicy cache,
                                               int num_workers) {
  golden::WorkerGroup group(golden_dir() / "models" / model, num_workers);
  std::vector<DiffusionLoop> loops;
  for (const std::int32_t length : {1, 7, 16, 21, 50}) {
    std::vector<std::int32_t> prompt;
    for (std::int32_t i = 0; i < length; ++i) prompt.push_back(3 + 7 * i % 400);
    loops.push_back(golden::must(DiffusionLoop::create(
        {.block_length = 8, .strategy = Threshold{0.3f}, .cache = cache},
        {.mask_id = 501, .is_block_causal = true}, Canvas::of_prompt(prompt, 24, 501))));
  }
  for (std::uint64_t seq = 1;; ++seq) {
    Step step;
    step.seq = seq;
    for (std::size_t i = 0; i < loops.size(); ++i) {
      if (auto next = loops[i].next()) {
        next->sequence = i;
        step.sequences.push_back(std::move(*next));
      }
    }
    if (step.sequences.empty()) break;
    for (const SequenceResult& result : group.run(step).sequences) {
      golden::must(loops[result.sequence].apply(result.candidates));
    }
  }
  std::vector<std::vector<std::int32_t>> tokens;
  for (const DiffusionLoop& loop : loops) tokens.push_back(loop.canvas().tokens());
  return tokens;
}

/// The canvas that `loop` ends with on `group`, and what it was at each border.
std::vector<std::int32_t> play(DiffusionLoop loop, golden::WorkerGroup& group, SequenceId sequence,
                               std::vector<LoopState>* borders = nullptr) {
  static std::uint64_t seq = 0;
  while (auto next = loop.next()) {
    next->sequence = sequence;
    Step step;
    step.seq = ++seq;
    step.sequences = {*next};
    const StepResult result = group.run(step);
    const Applied applied = golden::must(loop.apply(result.sequences.front().candidates));
    if (applied.finished_block && !applied.ending && borders) borders->push_back(loop.state());
  }
  return loop.canvas().tokens();
}

TEST(GoldenTraces, OfBlockCausalModelsAreTheSameBehindEveryBorderThatIsTakenUpWithoutItsCache) {
  int num_borders = 0;
  for (const std::string model : {"llada2-a", "llada2-b"}) {
    network::EngineOptions options;
    options.num_kv_pages = 2048;
    golden::WorkerGroup group(golden_dir() / "models" / model, 1, options);
    SequenceId sequence = 0;
    for (const std::string& file : known_traces(model + "/")) {
      const Running running = start(file);
      std::vector<LoopState> borders;
      const auto tokens = play(running.loop, group, ++sequence, &borders);
      EXPECT_EQ(tokens, running.golden.trace.canvas) << file;
      for (const LoopState& border : borders) {
        const DiffusionParams& params = running.golden.job.params;
        auto again =
            DiffusionLoop::resume_without_cache(params, running.golden.job.vocabulary(), border);
        ASSERT_TRUE(again) << file;
        EXPECT_EQ(play(std::move(*again), group, ++sequence), tokens) << file;
        ++num_borders;
      }
    }
  }
  EXPECT_GE(num_borders, 50);
}

/// What a golden trace's job ends with if its cache is another one.
std::vector<std::int32_t> canvas_with(const std::string& file, CachePolicy cache,
                                      golden::WorkerGroup& group, SequenceId sequence) {
  Golden golden = golden_of(file);
  golden.job.params.cache = cache;
  const DiffusionParams& params = golden.job.params;
  return play(golden::must(DiffusionLoop::create(
                  params, golden.job.vocabulary(),
                  Canvas::of_prompt(golden.job.prompt, params.gen_length, params.mask_id))),
              group, sequence);
}

TEST(BlockCacheTest, KeepsWhatWasEditedAndGivesTheTokensOfEveryTraceUnderItsDriver) {
  for (const std::string model : {"llada2-a", "llada2-b"}) {
    network::EngineOptions options;
    options.num_kv_pages = 1024;
    golden::WorkerGroup group(golden_dir() / "models" / model, 2, options);
    SequenceId sequence = 0;
    for (const std::string& file : known_traces(model + "/")) {
      const std::vector<std::int32_t> expected = golden_of(file).trace.canvas;
      EXPECT_EQ(canvas_with(file, BlockCache{}, group, ++sequence), expected) << file;
      EXPECT_EQ(canvas_with(file, BlockCache{.max_prefill = 8}, group, ++sequence), expected);
      EXPECT_EQ(canvas_with(file, NoCache{}, group, ++sequence), expected) << file;
    }
  }
}

TEST(BlockCacheTest, GivesTheTokensOfNoCacheOnAnyNumberOfWorkers) {
  for (const std::string model : {"llada2-a", "llada2-b"}) {
    const auto uncached = answers(model, NoCache{}, 1);
    for (const int num_workers : {1, 2, 4}) {
      // A long prompt in pieces, of one block each or of two.
      for (const std::int32_t max_prefill : {2048, 8, 17}) {
        EXPECT_EQ(answers(model, BlockCache{max_prefill}, num_workers), uncached)
            << model << " on " << num_workers << " workers, in pieces of " << max_prefill;
      }
    }
  }
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTrace, testing::ValuesIn(known_traces()), name_of);
INSTANTIATE_TEST_SUITE_P(Moe, GoldenMoeTrace, testing::ValuesIn(known_traces("moe_")), name_of);

TEST(GoldenTraces, AreThere) {
  EXPECT_EQ(golden::files_below(golden_dir() / "traces").size(), 155u);
  EXPECT_EQ(known_traces().size(), 146u);
  EXPECT_EQ(known_traces("llada2-").size(), 28u);
}

}  // namespace
}  // namespace unmask::diffusion
