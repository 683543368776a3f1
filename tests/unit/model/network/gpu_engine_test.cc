/// The engine on an emulated GPU: what a step asks of the device, and that replays are steps.

#include <gtest/gtest.h>

#include <cmath>

#include "emulation/counters.h"
#include "model/network/engine.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"
#include "tests/source_dir.h"
#include "tests/unit/model/network/steps.h"

namespace unmask::network {
namespace {

using emulation::Counters;
using golden::must;

const kernels::DeviceSpec kGpu{.kind = kernels::DeviceKind::kCuda};

class GpuEngine {
 public:
  explicit GpuEngine(EngineOptions options,
                     const std::filesystem::path& model = golden::golden_dir() / "models/moe_gqa",
                     const kernels::DeviceSpec& device = kGpu)
      : checkpoint_(must(checkpoint::Checkpoint::open(model))),
        backend_(must(kernels::make_backend(device))) {
    options.device = kernels::DeviceKind::kCuda;
    const std::uint64_t before = backend_->memory().free_bytes;
    engine_ = must(Engine::create(checkpoint_, *backend_, options));
    must(engine_->join(nullptr));
    taken_ = before - backend_->memory().free_bytes;
  }

  StepResult run(const Step& step) { return must(engine_->run(step)); }
  [[nodiscard]] const Engine& engine() const { return *engine_; }
  [[nodiscard]] std::uint64_t taken_bytes() const { return taken_; }

 private:
  const checkpoint::Checkpoint checkpoint_;
  std::unique_ptr<kernels::Backend> backend_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t taken_ = 0;
};

EngineOptions small() {
  EngineOptions options;
  options.max_rows = 64;
  options.num_kv_pages = 16;
  return options;
}

Tokens canvas_of(int length, int seed) {
  Tokens canvas;
  for (int i = 0; i < length; ++i) canvas.push_back((i * 37 + seed * 101) % 500 + 1);
  return canvas;
}

/// Window after window over a cached canvas, of different lengths and with all columns.
std::vector<Step> steps_of_one_bucket() {
  const Tokens a = canvas_of(24, 1), b = canvas_of(20, 2);
  std::vector<Step> steps = {step_of({full(1, a, {4, 8}, true), full(2, b, {4, 8}, true)})};
  for (const int length : {5, 3, 8, 7, 4}) {
    SequenceStep first = cached(1, a, {4, 4 + length}, {4, 4 + length});
    SequenceStep second = cached(2, b, {2, 10}, {3, 3 + length / 2});
    first.statistics = kEntropy | kRunnerUp | kPresentLogit;
    first.present.assign(std::size_t(length), 17);
    steps.push_back(step_of({first, second}));
  }
  return steps;
}

Counters difference(const Counters& before, const Counters& after) {
  return {.launches = after.launches - before.launches,
          .graph_launches = after.graph_launches - before.graph_launches,
          .uploads = after.uploads - before.uploads,
          .downloads = after.downloads - before.downloads,
          .waits = after.waits - before.waits,
          .events = after.events - before.events,
          .allocations = after.allocations - before.allocations,
          .frees = after.frees - before.frees,
          .memsets = after.memsets - before.memsets,
          .products = after.products - before.products};
}

TEST(GpuEngineTest, ReplaysGiveTheBytesOfPlainSteps) {
  EngineOptions plain = small();
  plain.can_record = false;
  GpuEngine first(plain), second(small());
  const std::vector<Step> steps = steps_of_one_bucket();
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const StepResult expected = first.run(steps[i]), replayed = second.run(steps[i]);
      EXPECT_EQ(expected.digest, replayed.digest) << "round " << round << ", step " << i;
    }
  }
  EXPECT_EQ(first.engine().recordings().num_replays(), 0u);
  EXPECT_GE(second.engine().recordings().num_replays(), 2 * steps.size() - 4);
}

TEST(GpuEngineTest, ReplaysAreWhatACpuComputes) {
  GpuEngine gpu(small());
  golden::WorkerGroup cpu(golden::golden_dir() / "models/moe_gqa", 1, small());
  for (int round = 0; round < 2; ++round) {
    for (const Step& step : steps_of_one_bucket()) {
      const StepResult expected = cpu.run(step), replayed = gpu.run(step);
      for (std::size_t i = 0; i < expected.sequences.size(); ++i) {
        EXPECT_EQ(replayed.sequences[i].candidates.token, expected.sequences[i].candidates.token);
      }
    }
  }
}

TEST(GpuEngineTest, AStepIsOneCopyOneGraphAndOneEvent) {
  GpuEngine gpu(small());
  const std::vector<Step> steps = steps_of_one_bucket();
  for (const Step& step : steps) gpu.run(step);
  const int num_layers = gpu.engine().config().num_layers;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const Counters before = emulation::counters();
    gpu.run(steps[i]);
    const Counters step = difference(before, emulation::counters());
    EXPECT_EQ(step.graph_launches, 1u);
    EXPECT_EQ(step.uploads, 1u);
    EXPECT_EQ(step.downloads, 0u) << "answers are written to memory of the host";
    EXPECT_EQ(step.events, 1u);
    EXPECT_LE(step.waits, 1u);
    EXPECT_EQ(step.allocations, 0u);
    EXPECT_EQ(step.frees, 0u);
    EXPECT_EQ(step.memsets, 0u);
    // Of a layer with weights of f32: 2 norms, qkv and o with what packs their rows and adds
    // shares, q and k, attention and its merge, 2 additions, routing and choice, and of the experts
    // sort, pack, gate and up, down, sum.
    constexpr std::uint64_t kLaunchesOfALayer = 19, kOthers = 7;
    EXPECT_LE(step.launches, std::uint64_t(num_layers) * kLaunchesOfALayer + kOthers);
    RecordProperty("launches", int(step.launches));
    std::printf("launches: %d in %d layers\n", int(step.launches), num_layers);
  }
}

TEST(GpuEngineTest, RowsOfBf16ProductsAreRoundedWhereTheyAreMade) {
  EngineOptions options = small();
  options.dtype = options.kv_dtype = kernels::DType::kBF16;
  GpuEngine gpu(options, source_dir() / "model/zoo/unmask-tiny");
  const Step step = step_of({full(1, canvas_of(20, 1), {4, 8})});
  for (int i = 0; i < 3; ++i) gpu.run(step);
  const Counters before = emulation::counters();
  gpu.run(step);
  const Counters replayed = difference(before, emulation::counters());
  const int num_layers = gpu.engine().config().num_layers;
  // As above, but nothing packs rows for qkv and o, nor adds their shares.
  constexpr std::uint64_t kLaunchesOfALayer = 16, kOthers = 7;
  EXPECT_LE(replayed.launches, std::uint64_t(num_layers) * kLaunchesOfALayer + kOthers);
  std::printf("launches: %d in %d layers\n", int(replayed.launches), num_layers);
}

/// All rows of a canvas, read as their soft rows from the second step on, of fewer each time.
std::vector<Step> smoothed_steps() {
  const Tokens canvas = canvas_of(30, 1);
  std::vector<Step> steps;
  for (const int num_holes : {30, 30, 22, 17, 3}) {
    SequenceStep sequence = full(1, canvas, {4, 8});
    mix_all(sequence, 0.1f + 0.01f * float(num_holes));
    if (!steps.empty()) std::fill_n(sequence.inputs.begin(), num_holes, kSoftRow);
    sequence.window.mixed = {{0, num_holes}};
    steps.push_back(step_of({sequence}));
  }
  return steps;
}

TEST(GpuEngineTest, SmoothedStepsAreReplayedToo) {
  EngineOptions options = small(), plain = options;
  options.num_soft_rows = plain.num_soft_rows = 30;
  plain.can_record = false;
  GpuEngine first(plain), second(options);
  golden::WorkerGroup cpu(golden::golden_dir() / "models/moe_gqa", 1, options);
  const Counters before = emulation::counters();
  for (const Step& step : smoothed_steps()) {
    const StepResult expected = first.run(step), replayed = second.run(step);
    EXPECT_EQ(expected.digest, replayed.digest);
    EXPECT_EQ(cpu.run(step).sequences[0].candidates.token, replayed.sequences[0].candidates.token);
  }
  const Counters all = difference(before, emulation::counters());
  EXPECT_EQ(all.allocations, 0u);
  EXPECT_GE(second.engine().recordings().num_replays(), 3u);
}

/// A guided sequence beside one that is not.
std::vector<Step> guided_steps() {
  const Tokens canvas = canvas_of(20, 1);
  std::vector<Step> steps;
  for (const int length : {3, 4, 2, 5}) {
    SequenceStep guided = full(1, canvas, {4, 4 + length});
    guided.rules.cfg_scale = 0.5f * float(length);
    guided.guidance_inputs = guided.inputs;
    std::fill_n(guided.guidance_inputs.begin(), 4, 9);
    steps.push_back(step_of({guided, full(2, canvas_of(18, 2), {1, 8})}));
  }
  return steps;
}

TEST(GpuEngineTest, GuidedStepsAreReplayedToo) {
  EngineOptions plain = small();
  plain.can_record = false;
  GpuEngine first(plain), second(small());
  golden::WorkerGroup cpu(golden::golden_dir() / "models/moe_gqa", 1, small());
  for (const Step& step : guided_steps()) {
    const StepResult expected = first.run(step), replayed = second.run(step);
    EXPECT_EQ(expected.digest, replayed.digest);
    const StepResult on_cpu = cpu.run(step);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(on_cpu.sequences[i].candidates.token, replayed.sequences[i].candidates.token);
    }
  }
  EXPECT_GE(second.engine().recordings().num_replays(), 2u);
}

/// Of few rows and of more than have their logits in memory at once, beside a sequence that draws
/// nothing.
std::vector<Step> drawn_steps() {
  const Tokens canvas = canvas_of(44, 1);
  std::vector<Step> steps;
  for (const int length : {3, 36, 4, 39, 2, 40, 37}) {
    SequenceStep drawn = full(1, canvas, {2, 2 + length});
    drawn.rules.temperature = 0.8f;
    drawn.rules.top_k = 50;
    drawn.rules.top_p = 0.95f;
    drawn.rules.decision = length;
    steps.push_back(step_of({full(2, canvas_of(10, 2), {1, 5}), drawn}));
  }
  return steps;
}

TEST(GpuEngineTest, DrawnStepsAreReplayedToo) {
  EngineOptions plain = small();
  plain.can_record = false;
  GpuEngine first(plain), second(small());
  golden::WorkerGroup cpu(golden::golden_dir() / "models/moe_gqa", 1, small());
  const Counters before = emulation::counters();
  for (const Step& step : drawn_steps()) {
    const StepResult expected = first.run(step), replayed = second.run(step);
    EXPECT_EQ(expected.digest, replayed.digest);
    const StepResult on_cpu = cpu.run(step);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(on_cpu.sequences[i].candidates.token, replayed.sequences[i].candidates.token);
    }
  }
  EXPECT_EQ(difference(before, emulation::counters()).allocations, 0u);
  EXPECT_GE(second.engine().recordings().num_replays(), 4u);
}

TEST(GpuEngineTest, NoStepAllocatesWhateverItIs) {
  GpuEngine gpu(small());
  const Counters before = emulation::counters();
  for (const Step& step : steps_of_one_bucket()) gpu.run(step);
  gpu.run(step_of({full(3, canvas_of(64, 3), {0, 64})}));
  const Counters all = difference(before, emulation::counters());
  EXPECT_EQ(all.allocations, 0u);
  EXPECT_EQ(all.frees, 0u);
  EXPECT_EQ(all.memsets, 0u);
}

#ifdef UNMASK_EMULATED_CUBLAS_LT
// Under fast numerics the emulated cuBLASLt computes what it is faster at.

kernels::DeviceSpec fast_gpu() {
  kernels::DeviceSpec spec = kGpu;
  spec.fast_products = {.library = UNMASK_EMULATED_CUBLAS_LT};
  return spec;
}

EngineOptions fast() {
  EngineOptions options = small();
  options.dtype = options.kv_dtype = kernels::DType::kBF16;
  options.placement.numerics = Numerics::kFast;
  return options;
}

std::filesystem::path tiny() { return source_dir() / "model/zoo/unmask-tiny"; }
std::filesystem::path dense() { return golden::golden_dir() / "models/llada-mha"; }
std::filesystem::path smaller() { return golden::golden_dir() / "models/moe_gqa"; }

TEST(FastProductsTest, AreThoseOfEveryLayerAndTheHead) {
  GpuEngine gpu(fast(), smaller(), fast_gpu());
  const Step step = step_of({full(1, canvas_of(20, 1), {4, 8})});
  for (int i = 0; i < 3; ++i) {
    const Counters before = emulation::counters();
    gpu.run(step);
    const auto num_layers = std::uint64_t(gpu.engine().config().num_layers);
    EXPECT_EQ(difference(before, emulation::counters()).products, 2 * num_layers + 1)
        << "plain, recorded or replayed";
  }
}

TEST(FastProductsTest, AreTwoMoreOfADenseLayersMlp) {
  GpuEngine gpu(fast(), dense(), fast_gpu());
  const Step step = step_of({full(1, canvas_of(20, 1), {4, 8})});
  for (int i = 0; i < 3; ++i) {
    const Counters before = emulation::counters();
    gpu.run(step);
    const auto num_layers = std::uint64_t(gpu.engine().config().num_layers);
    EXPECT_EQ(difference(before, emulation::counters()).products, 4 * num_layers + 1)
        << "plain, recorded or replayed";
  }
}

TEST(FastProductsTest, OfMlpsFitIntoThePlanOfTheMemoryAndAllocateNothing) {
  for (const char* const model : {"llada-mha", "llada2-b"}) {  // dense; with shared experts
    GpuEngine gpu(fast(), golden::golden_dir() / "models" / model, fast_gpu());
    const MemoryPlan& plan = gpu.engine().memory();
    const auto planned = double(plan.total_bytes() - plan.library_bytes);
    EXPECT_LT(std::abs(double(gpu.taken_bytes()) - planned), 0.02 * planned) << model;
    const Counters before = emulation::counters();
    for (int i = 0; i < 3; ++i) gpu.run(step_of({full(1, canvas_of(24, 1), {4, 8})}));
    const Counters all = difference(before, emulation::counters());
    EXPECT_GT(all.products, 0u);
    EXPECT_EQ(all.allocations + all.frees, 0u) << model;
  }
}

TEST(FastProductsTest, ChooseTheTokensOfExactNumerics) {
  for (const std::filesystem::path& model : {tiny(), dense()}) {
    EngineOptions exact = fast();
    exact.placement.numerics = Numerics::kExact;
    GpuEngine first(exact, model), second(fast(), model, fast_gpu());
    std::vector<Step> steps = steps_of_one_bucket();
    steps.resize(4);  // of which the last is a replay
    for (const Step& step : steps) {
      const StepResult expected = first.run(step), result = second.run(step);
      for (std::size_t i = 0; i < expected.sequences.size(); ++i) {
        EXPECT_EQ(result.sequences[i].candidates.token, expected.sequences[i].candidates.token);
      }
    }
  }
}

TEST(FastProductsTest, NoStepAllocates) {
  GpuEngine gpu(fast(), smaller(), fast_gpu());
  const Counters before = emulation::counters();
  for (const Step& step : steps_of_one_bucket()) gpu.run(step);
  for (const int length : {64, 9}) gpu.run(step_of({full(3, canvas_of(64, 3), {0, length})}));
  const Counters all = difference(before, emulation::counters());
  EXPECT_GT(all.products, 0u);
  EXPECT_EQ(all.allocations, 0u);
  EXPECT_EQ(all.frees, 0u);
}

TEST(FastProductsTest, TheHeadComputesTheRowsThatAreDecodedAndFewMore) {
  GpuEngine gpu(fast(), smaller(), fast_gpu());
  // One shape of rows with two of decoded rows: each is seen, recorded and replayed.
  const Tokens canvas = canvas_of(64, 1);
  for (int i = 0; i < 3; ++i) {
    gpu.run(step_of({full(1, canvas, {0, 64})}));
    gpu.run(step_of({full(2, canvas, {0, 8})}));
    gpu.run(step_of({full(3, canvas, {0, 16})}));
  }
  EXPECT_EQ(gpu.engine().recordings().num_kept(), 2u);
}

TEST(FastProductsTest, FitIntoThePlanOfTheMemory) {
  const GpuEngine gpu(fast(), smaller(), fast_gpu());
  const MemoryPlan& plan = gpu.engine().memory();
  const auto planned = double(plan.total_bytes() - plan.library_bytes);
  EXPECT_LT(std::abs(double(gpu.taken_bytes()) - planned), 0.02 * planned);
}

TEST(FastProductsTest, AreTold) {
  EngineOptions options = fast();
  options.max_rows = 16;
  std::string choice, note;
  options.on_choice = [&](const std::string& sentence) { choice = sentence; };
  options.on_note = [&](const std::string& sentence) { note = sentence; };
  { const GpuEngine gpu(options, smaller(), fast_gpu()); }
  EXPECT_NE(choice.find("computes 3 of 3 products"), std::string::npos) << choice;
  EXPECT_EQ(note, "");
  kernels::DeviceSpec without = kGpu;
  without.fast_products = {.library = "/no/such/library"};
  { const GpuEngine gpu(options, smaller(), without); }
  EXPECT_NE(note.find("/no/such/library"), std::string::npos) << note;
}
#endif

class GpuMemoryPlanTest : public testing::TestWithParam<const char*> {};

TEST_P(GpuMemoryPlanTest, IsWhatIsTaken) {
  for (const kernels::DType dtype : {kernels::DType::kF32, kernels::DType::kBF16}) {
    EngineOptions options;
    options.dtype = options.kv_dtype = dtype;
    options.max_rows = 512;
    options.num_kv_pages = 32;
    if (GetParam() != std::string("unmask-tiny-block")) options.num_soft_rows = 512;
    const GpuEngine gpu(options, source_dir() / "model/zoo" / GetParam());
    const MemoryPlan& plan = gpu.engine().memory();
    const auto taken = double(gpu.taken_bytes());
    const auto planned =
        double(plan.total_bytes() - plan.library_bytes);  // which CUDA takes itself
    EXPECT_LT(std::abs(taken - planned), 0.02 * planned)
        << taken << " bytes were taken, " << planned << " planned: weights " << plan.weight_bytes
        << ", KV " << plan.kv_bytes << ", scratch " << plan.scratch_bytes;
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, GpuMemoryPlanTest,
                         testing::Values("unmask-tiny", "unmask-tiny-dense", "unmask-tiny-block"));

}  // namespace
}  // namespace unmask::network
