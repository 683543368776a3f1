#include "kernels/cuda/copy_row.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 128;

/// A thread block per row.
__global__ void scatter_rows_kernel(const float* x, const std::int32_t* rows, float* out,
                                    RowCount count, int cols) {
  if (int(blockIdx.x) >= count.now()) return;
  const std::int64_t row = rows[blockIdx.x];
  copy_row<kThreads>(x + std::size_t(blockIdx.x) * std::size_t(cols), out + row * cols, cols);
}

}  // namespace

void enqueue(const ScatterRows& op, cudaStream_t stream) {
  if (op.x.rows == 0 || op.x.cols == 0) return;
  launch(scatter_rows_kernel, {dim3(unsigned(op.x.rows)), dim3(kThreads), 0, stream},
         elements<float>(op.x), op.rows, elements<float>(op.out), row_count(op.x), op.x.cols);
}

}  // namespace unmask::kernels
