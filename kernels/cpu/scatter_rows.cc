#include <cstring>

#include "kernels/cpu/cpu_backend.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

void CpuBackend::compute(const ScatterRows& op) {
  const std::int64_t cols = op.x.cols;
  const float* const from = floats(op.x);
  float* const to = floats(op.out);
  pool_.run_ranges(op.x.rows, grain_of(cols), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      const std::int64_t row = op.rows[i];
      UNMASK_CHECK(row >= 0 && row < op.out.rows);
      std::memcpy(to + row * cols, from + i * cols, std::size_t(cols) * sizeof(float));
    }
  });
}

}  // namespace unmask::kernels
