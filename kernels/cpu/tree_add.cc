#include "kernels/cpu/cpu_backend.h"

namespace unmask::kernels {

void CpuBackend::compute(const TreeAdd& op) {
  const std::int64_t cols = op.x.cols, count = op.x.rows * cols;
  const auto* const from = static_cast<const float*>(op.parts);
  float* const to = floats(op.x);
  pool_.run_ranges(op.x.rows, grain_of(cols * op.num_parts), [&](int begin, int end, int) {
    const std::int64_t first = begin * cols;
    kernels_.add_tree(from + first, count, op.num_parts, end * cols - first, to + first);
  });
}

}  // namespace unmask::kernels
