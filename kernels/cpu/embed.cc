#include <cstring>

#include "kernels/cpu/cpu_backend.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

void CpuBackend::compute(const Embed& op) {
  const std::int64_t cols = op.out.cols;
  const auto bytes = std::size_t(cols) * sizeof(float);
  float* const to = floats(op.out);
  pool_.run_ranges(op.out.rows, grain_of(cols), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      const std::int64_t token = op.tokens[i];
      if (token < 0) {
        UNMASK_CHECK(-1 - token < op.soft_rows.rows);
        std::memcpy(to + i * cols, floats(op.soft_rows) + (-1 - token) * cols, bytes);
        continue;
      }
      UNMASK_CHECK(token < op.table.rows);
      if (op.table.dtype == DType::kF32) {
        std::memcpy(to + i * cols, floats(op.table) + token * cols, bytes);
      } else {
        const auto* const from = static_cast<const std::uint16_t*>(op.table.data);
        kernels_.widen_bf16(from + token * cols, cols, to + i * cols);
      }
    }
  });
}

}  // namespace unmask::kernels
