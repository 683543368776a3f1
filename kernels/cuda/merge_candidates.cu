#include "kernels/cuda/device.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"
#include "kernels/merge.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 128;
constexpr int kMaxLevels = 7;
static_assert(1 << (kMaxLevels - 1) == MergeCandidates::kMaxParts);

/// One thread per row.
__global__ void merge_parts_kernel(const CandidateStats* parts, int num_parts, RowCount rows,
                                   CandidateStats* out) {
  const int row = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (row >= rows.now()) return;
  int top = 0;
  while (1 << top < num_parts) ++top;
  // A binary counter: node[i] is the tree over 2^i parts, if bit i of the number of parts is set.
  // Parts up to a power of two have no candidates.
  CandidateStats node[kMaxLevels];
  for (int p = 0; p < 1 << top; ++p) {
    CandidateStats sum =
        p < num_parts ? parts[std::int64_t{p} * rows.capacity + row] : no_candidates();
    int level = 0;
    for (; p >> level & 1; ++level) sum = merged(node[level], sum);
    node[level] = sum;
  }
  out[row] = node[top];
}

}  // namespace

void enqueue(const MergeCandidates& op, cudaStream_t stream) {
  if (op.num_rows == 0) return;
  launch(merge_parts_kernel,
         {dim3(unsigned((op.num_rows + kThreads - 1) / kThreads)), dim3(kThreads), 0, stream},
         op.parts, op.num_parts, RowCount{op.num_rows, op.live_rows}, op.out);
}

}  // namespace unmask::kernels
