/// Golden logits and traces on CUDA: all of them on a GPU, a few on its emulator.

#include <gmock/gmock.h>

#include "kernels/make_backend.h"
#include "tests/golden/golden_logits.h"
#include "tests/golden/golden_trace.h"

namespace unmask::golden {
namespace {

const kernels::DeviceSpec kDevice{.kind = kernels::DeviceKind::kCuda};

class GoldenCudaTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto backend = kernels::make_backend(kDevice);
    if (!backend) GTEST_SKIP() << backend.error().message;
  }

  static WorkerGroup worker_of(const std::string& model) {
    return WorkerGroup(golden_dir() / "models" / model, 1, {}, kDevice);
  }
};

/// Files below a folder of the golden data, as "model/case".
std::vector<std::string> files_of(const std::string& folder) {
#if defined(UNMASK_TESTS_EMULATION)
  return folder == "logits" ? std::vector<std::string>{"moe_gqa/n007_mask.safetensors",
                                                       "moe_tied_renorm/n007_mask.safetensors",
                                                       "llada-gqa/n007.safetensors",
                                                       "llada2-a/n007-b08.safetensors"}
                            : std::vector<std::string>{"moe_gqa/16_threshold_dual.json"};
#else
  std::vector<std::string> built;
  for (const std::string& file : files_below(golden_dir() / folder)) {
    const bool is_built = folder == "logits" ||
                          diffusion::read_trace_job(read_text(golden_dir() / folder / file), file);
    if (is_built) built.push_back(file);
  }
  return built;
#endif
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

using GoldenCudaLogits = GoldenCudaTest;

TEST_P(GoldenCudaLogits, AreThoseOfTheReference) {
  const auto expected = read_logits(golden_dir() / "logits" / GetParam());
  ASSERT_TRUE(expected.contains("tokens"));
  WorkerGroup worker = worker_of(model_of(GetParam()));
  const auto tokens = as_ids(expected.at("tokens"));
  expect_agreement(worker.forward(tokens, causal_block_length(GetParam())).front(), expected);
}

INSTANTIATE_TEST_SUITE_P(, GoldenCudaLogits, testing::ValuesIn(files_of("logits")), name_of);

using GoldenCudaTrace = GoldenCudaTest;

TEST_P(GoldenCudaTrace, IsReproduced) {
  const Golden golden = golden_of(GetParam());
  WorkerGroup worker = worker_of(model_of(GetParam()));
  const auto trace = diffusion::run_trace(
      golden.job, 1, [&](const Step& step) { return std::move(worker.run_all(step).front()); });
  ASSERT_TRUE(trace.has_value()) << trace.error().message;
  EXPECT_EQ(diffusion::trace_diff(as_recorded(GetParam(), golden.job, *trace), golden.trace),
            std::nullopt);
  // The traces of other models do not say it, or say it in another way.
  if (GetParam().starts_with("moe_")) expect_same_cache_use(golden.job, *trace, golden.trace);
}

INSTANTIATE_TEST_SUITE_P(, GoldenCudaTrace, testing::ValuesIn(files_of("traces")), name_of);

}  // namespace
}  // namespace unmask::golden
