/// The plan that people are shown, beside what a worker really takes.

#include "model/network/memory_plan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/aligned_bytes.h"
#include "kernels/make_backend.h"
#include "model/network/engine.h"
#include "tests/source_dir.h"
#include "tests/unit/model/network/steps.h"

namespace unmask::network {
namespace {

constexpr double kTolerance = 0.02;

class MemoryPlanOfModelTest : public testing::TestWithParam<const char*> {};

TEST_P(MemoryPlanOfModelTest, IsWhatIsTaken) {
  const auto checkpoint = checkpoint::Checkpoint::open(source_dir() / "model/zoo" / GetParam());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  for (const kernels::DType dtype : {kernels::DType::kF32, kernels::DType::kBF16}) {
    kernels::DeviceSpec spec;
    spec.num_threads = 2;
    const auto backend = *kernels::make_backend(spec);
    EngineOptions options;
    options.dtype = dtype;
    options.num_threads = 2;
    options.max_rows = 512;
    options.num_kv_pages = 32;
    if (!checkpoint->config().is_block_causal) options.num_soft_rows = 512;
    const std::size_t before = kernels::AlignedBytes::live_bytes();
    const auto engine = Engine::create(*checkpoint, *backend, options);
    ASSERT_TRUE(engine) << engine.error().message;
    // As large a step as there can be.
    const Tokens canvas(512, 7);
    SequenceStep largest = full(1, canvas, {0, 512}, true);
    if (options.num_soft_rows > 0) mix_all(largest);
    ASSERT_TRUE((*engine)->run(step_of({largest})));
    const auto taken = double(kernels::AlignedBytes::live_bytes() - before);
    const auto planned = double((*engine)->memory().total_bytes());
    EXPECT_LT(std::abs(taken - planned), kTolerance * planned)
        << taken << " bytes were taken, " << planned << " planned: weights "
        << (*engine)->memory().weight_bytes << ", KV " << (*engine)->memory().kv_bytes
        << ", scratch " << (*engine)->memory().scratch_bytes;
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, MemoryPlanOfModelTest,
                         testing::Values("unmask-tiny", "unmask-tiny-dense", "unmask-tiny-block"));

}  // namespace
}  // namespace unmask::network
