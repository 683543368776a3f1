#include "kernels/cpu/cpu_backend.h"

namespace unmask::kernels {

void CpuBackend::compute(const RmsNorm& op) {
  const std::int64_t cols = op.x.cols;
  const float* const from = floats(op.x);
  float* const to = floats(op.out);
  pool_.run_ranges(op.x.rows, grain_of(cols), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      kernels_.rms_norm(from + i * cols, op.weight, op.eps, cols, to + i * cols);
    }
  });
}

}  // namespace unmask::kernels
