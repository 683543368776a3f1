#include <algorithm>

#include "kernels/cpu/cpu_backend.h"

namespace unmask::kernels {

void CpuBackend::compute(const MaxParts& op) {
  for (int i = 0; i < op.count; ++i) {
    float max = op.parts[i];
    for (int p = 1; p < op.num_parts; ++p) {
      max = std::max(max, op.parts[std::int64_t{p} * op.count + i]);
    }
    op.out[i] = max;
  }
}

}  // namespace unmask::kernels
