#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"
#include "kernels/cuda/tree_sum.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 256;

template <int kParts, typename T>
__global__ void tree_add_kernel(T* x, const T* parts, RowCount rows, int cols) {
  const std::size_t i = std::size_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= std::size_t(rows.now()) * std::size_t(cols)) return;
  const std::size_t count = std::size_t(rows.capacity) * std::size_t(cols);
  x[i] = from_float<T>(to_float(x[i]) + tree_sum<kParts>(parts + i, count));
}

}  // namespace

void enqueue(const TreeAdd& op, cudaStream_t stream) {
  const std::size_t count = std::size_t(op.x.rows) * std::size_t(op.x.cols);
  if (count == 0) return;
  const dim3 grid(unsigned((count + kThreads - 1) / kThreads));
  with_element(op.x.dtype, [&](auto element) {
    with_num_parts(op.num_parts, [&](auto num_parts) {
      using T = decltype(element);
      launch(tree_add_kernel<num_parts(), T>, {grid, dim3(kThreads), 0, stream}, elements<T>(op.x),
             static_cast<const T*>(op.parts), row_count(op.x), op.x.cols);
    });
  });
}

}  // namespace unmask::kernels
