#include "kernels/cpu/cpu_backend.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

void CpuBackend::compute(const GuideRows& op) {
  const std::int64_t cols = op.x.cols;
  float* const rows = floats(op.x);
  const float* const guidance = floats(op.guidance);
  pool_.run_ranges(op.x.rows, grain_of(cols), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      const std::int64_t row = op.row_of[i];
      UNMASK_CHECK(row < op.guidance.rows);
      if (row < 0) continue;
      float* const x = rows + i * cols;
      const float* const g = guidance + row * cols;
      const float scale = op.scales[i] + 1;
      for (std::int64_t col = 0; col < cols; ++col) x[col] = g[col] + scale * (x[col] - g[col]);
    }
  });
}

}  // namespace unmask::kernels
