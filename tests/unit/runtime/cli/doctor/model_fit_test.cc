#include "runtime/cli/doctor/model_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/source_dir.h"

namespace unmask::cli {
namespace {

using kernels::DeviceKind;
using testing::HasSubstr;

class ModelFitTest : public testing::Test {
 protected:
  ModelFitTest() : model_(open()) {}

  [[nodiscard]] ModelFit fit(int num_workers, const DeviceRoom& room) const {
    const Result<ModelFit> result = fit_model(model_, config_, num_workers, room);
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result : ModelFit{};
  }

  static constexpr kernels::MemoryInfo kPlenty{64ull << 30, 64ull << 30};

  ClusterConfig config_;
  const ServedModel model_;  // 512 positions, 4 heads

 private:
  static ServedModel open() {
    ClusterConfig::Model config;
    config.dir = (source_dir() / "model/zoo/unmask-tiny").string();
    Result<ServedModel> model = open_served_model(config);
    return std::move(*model);
  }
};

TEST_F(ModelFitTest, MoreWorkersTakeLessEach) {
  const DeviceRoom room{.memory = kPlenty};
  ModelFit last = fit(1, room);
  EXPECT_EQ(last.problem, "");
  EXPECT_EQ(last.plan.num_canvases(512), 64);
  for (const int num_workers : {2, 4}) {
    const ModelFit fewer = fit(num_workers, room);
    EXPECT_LT(fewer.plan.weight_bytes, last.plan.weight_bytes);
    EXPECT_EQ(fewer.canvas_bytes * 2, last.canvas_bytes);
    last = fewer;
  }
}

TEST_F(ModelFitTest, TheWorkerThatTakesMostIsJudged) {
  EXPECT_GT(fit(8, {.memory = kPlenty}).canvas_bytes, 0u) << "four of eight have no head";
}

TEST_F(ModelFitTest, WithoutEnoughGpusTheFiguresAreThereAllTheSame) {
  const ModelFit none = fit(1, {.kind = DeviceKind::kCuda, .num_devices = 0});
  EXPECT_EQ(none.problem, "this machine has no GPU");
  EXPECT_GT(none.plan.weight_bytes, 0u);
  EXPECT_GT(none.canvas_bytes, 0u);
  EXPECT_EQ(none.plan.kv_bytes, 0u);
  const DeviceRoom two{.kind = DeviceKind::kCuda, .num_devices = 2, .memory = kPlenty};
  EXPECT_EQ(fit(2, two).problem, "");
  EXPECT_EQ(fit(4, two).problem, "this machine has 2 GPUs");
}

TEST_F(ModelFitTest, TheWorkersOfACpuShareItsMemoryAndThoseOfGpusDoNot) {
  const network::MemoryPlan alone = fit(1, {.memory = kPlenty}).plan;
  constexpr std::uint64_t kLeastCache = 64ull << 20;
  const std::uint64_t needed =
      alone.weight_bytes + alone.soft_bytes + alone.scratch_bytes + kLeastCache;
  const kernels::MemoryInfo little{needed, needed};
  EXPECT_EQ(fit(1, {.memory = little}).problem, "");
  EXPECT_THAT(fit(2, {.memory = little}).problem, HasSubstr("are free for it"));
  DeviceRoom gpus{.kind = DeviceKind::kCuda, .num_devices = 2, .memory = kPlenty};
  const std::uint64_t gpu = 2 * needed + fit(2, gpus).plan.library_bytes;
  gpus.memory = {gpu, gpu};
  EXPECT_EQ(fit(2, gpus).problem, "");
}

TEST_F(ModelFitTest, IsALineOfATable) {
  const ModelFit here = fit(1, {.memory = kPlenty});
  EXPECT_EQ(canvases_text(here.plan), "64 of 512, 256 of 128");
  const std::string text = to_text({here, fit(1, {.kind = DeviceKind::kCuda, .num_devices = 0})});
  EXPECT_THAT(text, HasSubstr("64 of 512, 256 of 128\nGPU "));
  EXPECT_THAT(text, testing::EndsWith("-  does not fit: this machine has no GPU\n"));
}

}  // namespace
}  // namespace unmask::cli
