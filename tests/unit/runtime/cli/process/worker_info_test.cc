#include "runtime/cli/process/worker_info.h"

#include <gtest/gtest.h>

#include "runtime/simulation/recorded_metrics.h"

namespace unmask::cli {
namespace {

using kernels::DType;

TEST(WorkerInfoTest, KeysAndValuesOfAnotherTypeMakeAnotherClass) {
  EXPECT_EQ(worker_class("cpu-avx512", DType::kF32), "cpu-avx512");
  EXPECT_EQ(worker_class("cuda-sm90", DType::kF32), "cuda-sm90");
  EXPECT_EQ(worker_class("cuda-sm90", DType::kBF16), "cuda-sm90-kv-bf16");
}

TEST(WorkerInfoTest, IsOneFigureWithLabels) {
  network::EngineOptions options;
  options.dtype = options.kv_dtype = DType::kBF16;
  RecordedMetrics metrics;
  show(worker_info(options, "GPU 0 (NVIDIA H200)", "cuda-sm90"), metrics);
  EXPECT_EQ(metrics.value("unmask_worker_info", {{"device", "GPU 0 (NVIDIA H200)"},
                                                 {"kv_dtype", "bf16"},
                                                 {"weights", "bf16"},
                                                 {"numerics", "exact"},
                                                 {"class", "cuda-sm90"}}),
            1);
  options.placement.numerics = network::Numerics::kFast;
  EXPECT_EQ(worker_info(options, "", "").numerics, "fast");
}

}  // namespace
}  // namespace unmask::cli
