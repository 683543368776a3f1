#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 128;

/// A thread block per row.
template <typename T>
__global__ void guide_rows_kernel(T* x, const T* guidance, const std::int32_t* row_of,
                                  const float* scales, RowCount count, int cols) {
  const int i = int(blockIdx.x);
  if (i >= count.now()) return;
  const std::int64_t row = row_of[i];
  if (row < 0) return;
  const T* const from = guidance + row * cols;
  T* const to = x + std::int64_t{i} * cols;
  const float scale = scales[i] + 1;
  for (int col = int(threadIdx.x); col < cols; col += kThreads) {
    const float g = to_float(from[col]);
    to[col] = from_float<T>(g + scale * (to_float(to[col]) - g));
  }
}

}  // namespace

void enqueue(const GuideRows& op, cudaStream_t stream) {
  if (op.x.rows == 0 || op.x.cols == 0) return;
  with_element(op.x.dtype, [&](auto element) {
    using T = decltype(element);
    launch(guide_rows_kernel<T>, {dim3(unsigned(op.x.rows)), dim3(kThreads), 0, stream},
           elements<T>(op.x), elements<T>(op.guidance), op.row_of, op.scales, row_count(op.x),
           op.x.cols);
  });
}

}  // namespace unmask::kernels
