#include <array>
#include <bit>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/merge.h"

namespace unmask::kernels {

void CpuBackend::compute(const MergeCandidates& op) {
  std::array<CandidateStats, MergeCandidates::kMaxParts> nodes;
  const int num_leaves = int(std::bit_ceil(unsigned(op.num_parts)));
  for (int i = 0; i < op.num_rows; ++i) {
    for (int p = 0; p < op.num_parts; ++p) {
      nodes[std::size_t(p)] = op.parts[std::int64_t{p} * op.num_rows + i];
    }
    for (int p = op.num_parts; p < num_leaves; ++p) nodes[std::size_t(p)] = no_candidates();
    for (int width = num_leaves / 2; width > 0; width /= 2) {
      for (int p = 0; p < width; ++p) {
        nodes[std::size_t(p)] = merged(nodes[std::size_t(2 * p)], nodes[std::size_t(2 * p + 1)]);
      }
    }
    op.out[i] = nodes[0];
  }
}

}  // namespace unmask::kernels
